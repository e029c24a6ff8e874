"""The page reports/index.html: one file that works offline, shows what was learned, and writes text itself."""

from stages.core.report.explorer.page import render_explorer
from stages.core.report.explorer.schema import (
    Baseline,
    EpochRow,
    ExplorerData,
    NetworkOnPage,
    Sample,
    Scores,
    TokensOnPage,
)
from stages.core.report.explorer.weights import Snapshot

__all__ = [
    "Baseline",
    "EpochRow",
    "ExplorerData",
    "NetworkOnPage",
    "Sample",
    "Scores",
    "Snapshot",
    "TokensOnPage",
    "render_explorer",
]
