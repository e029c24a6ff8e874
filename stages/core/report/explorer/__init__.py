"""The page reports/index.html: one file that works offline, shows what was learned and writes text itself."""

from stages.core.report.explorer.page import render_explorer
from stages.core.report.explorer.schema import Baseline, EpochRow, ExplorerData, Sample, Scores

__all__ = ["Baseline", "EpochRow", "ExplorerData", "Sample", "Scores", "render_explorer"]
