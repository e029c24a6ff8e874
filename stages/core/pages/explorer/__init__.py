"""The page reports/index.html: one file that works offline, shows what was learned and writes text itself."""

from stages.core.pages.explorer.data import Baseline, EpochRow, ExplorerData, Sample, Scores
from stages.core.pages.explorer.page import render_explorer

__all__ = ["Baseline", "EpochRow", "ExplorerData", "Sample", "Scores", "render_explorer"]
