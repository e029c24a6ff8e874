"""Axes in the style of the report."""

from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from stages.core.report.figures import STYLE


def axes(x_label: str, y_label: str, scale: str = "linear") -> tuple[Figure, Any]:
    """Return an empty figure and its axes, both of the same scale."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 4), layout="constrained")
        ax = figure.subplots()
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.set_xscale(scale)
    ax.set_yscale(scale)
    return figure, ax
