"""The figures of the report, as SVG: the same bytes for the same numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from stages.core.generation.sampling import entropy_nats, softmax_with_temperature
from stages.core.pipeline.files import atomic_write
from stages.core.pipeline.params import temperature_label
from stages.core.tables.history import NATS_TO_BITS

STYLE: Any = {
    "svg.hashsalt": "zarathustra",  # ids of elements: random without it
    "svg.fonttype": "none",  # text stays text
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
}
# above the curves, never upon them
LEGEND: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 3, "frameon": False}


def loss_figure(history: pd.DataFrame, best_epoch: int) -> Figure:
    """Draw the losses by epoch, with the best epoch and every roll-back marked."""
    figure, axes = _axes("epoch", "loss, nats per character")
    axes.plot(history["epoch"], history["loss_nats_per_char"], marker=".", label="training")
    axes.plot(history["epoch"], history["val_loss_nats_per_char"], marker=".", label="validation")
    best = history[history["epoch"] == best_epoch]
    axes.plot(best["epoch"], best["val_loss_nats_per_char"], "o", color="C1", label=f"best epoch: {best_epoch}")
    for epoch in history.loc[history["num_rollbacks"] > 0, "epoch"]:
        axes.axvline(epoch, color="C3", linestyle=":", label="roll-back")
    handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))  # one entry for all roll-backs
    axes.legend(handles.values(), handles.keys(), **LEGEND)
    return figure


def distribution_figure(
    logits: NDArray[Any], tokens: Sequence[str], temperatures: tuple[float, ...], prompt: str, num_shown: int = 20
) -> Figure:
    """Draw one next-character distribution (V,) reweighted at several temperatures, likeliest characters first."""
    order = np.argsort(-logits, kind="stable")[:num_shown]
    probabilities = softmax_with_temperature(
        np.tile(logits, (len(temperatures), 1)), np.array(temperatures, np.float64)
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 1.7 * len(temperatures) + 0.8), layout="constrained")
        all_axes = np.atleast_1d(figure.subplots(len(temperatures), sharex=True, sharey=True))
    for axes, temperature, p in zip(all_axes, temperatures, probabilities, strict=True):
        bits = entropy_nats(p) * NATS_TO_BITS
        axes.bar(range(len(order)), p[order])
        axes.set_title(f"temperature {temperature_label(temperature)}: {bits:.2f} bits", loc="left", fontsize=10)
        axes.set_ylabel("probability")
    all_axes[-1].set_xticks(range(len(order)), [_visible(tokens[i]) for i in order], family="monospace")
    figure.suptitle(f"Next character after “…{_escaped(prompt[-30:])}”", fontsize=11)
    return figure


def score_figure(scores: pd.DataFrame, name: str, label: str, human: float | None) -> Figure:
    """Draw one score by epoch, a line for each temperature, with that of human text."""
    figure, axes = _axes("epoch", label)
    for temperature, group in scores.groupby("temperature"):
        axes.plot(
            group["epoch"], group[name], marker=".", label=f"temperature {temperature_label(float(str(temperature)))}"
        )
    if human is not None:
        axes.axhline(human, color="black", linestyle="--", label="held-out human text")
    axes.legend(**LEGEND)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as SVG, whole or not at all."""
    with atomic_write(path) as partial, mpl.rc_context(STYLE):
        figure.savefig(partial, metadata={"Date": None, "Creator": None})


def _axes(x_label: str, y_label: str) -> tuple[Figure, Any]:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 4), layout="constrained")
        axes = figure.subplots()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    return figure, axes


def _visible(character: str) -> str:
    return {" ": "␣", "\n": "⏎", "\t": "⇥", "$": r"\$"}.get(character, character)


def _escaped(text: str) -> str:
    return "".join(map(_visible, text.replace("\n", " ").replace(" ", "\0"))).replace("\0", " ")
