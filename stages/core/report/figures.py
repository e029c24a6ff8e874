"""The figures of the report, as SVG: the same bytes for the same numbers.

Text stays text: whoever opens a figure needs a font that has its characters, and a browser finds one by itself. So the
bytes do not depend on the fonts of the machine.
"""

import logging
import re
import warnings
from collections.abc import Mapping, Sequence
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
from stages.core.pipeline.visible import visible
from stages.core.tables.history import NATS_TO_BITS

NUM_TOKENS_SHOWN = 20
GLYPHS = {" ": "␣", "\n": "⏎", "\t": "⇥"}
MISSING_GLYPH = re.compile(r"Glyph (\d+) .*missing from font")
logger = logging.getLogger(__name__)
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
# above the curves, never over them
LEGEND: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 3, "frameon": False}


def loss_figure(history: pd.DataFrame, best_epoch: int) -> Figure:
    """Draw the losses by epoch, with the best epoch and every rollback marked."""
    figure, axes = _axes("epoch", "loss, bits per character")
    axes.plot(history["epoch"], history["loss_nats_per_char"] * NATS_TO_BITS, marker=".", label="training")
    axes.plot(history["epoch"], history["val_bits_per_char"], marker=".", label="validation")
    best = history[history["epoch"] == best_epoch]
    axes.plot(best["epoch"], best["val_bits_per_char"], "o", color="C1", label=f"best epoch: {best_epoch}")
    for epoch in history.loc[history["num_rollbacks"] > 0, "epoch"]:
        axes.axvline(epoch, color="C3", linestyle=":", label="rollback")
    handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))  # one entry for all rollbacks
    axes.legend(handles.values(), handles.keys(), **LEGEND)
    return figure


def curves_figure(curves: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the validation losses of several trainings by epoch, in nats per character; NaN leaves a gap."""
    figure, axes = _axes("epoch", "validation loss, nats per character")
    for name, losses in curves.items():
        axes.plot(range(1, len(losses) + 1), losses, label=name)
    axes.legend(**LEGEND)
    return figure


def distribution_figure(
    logits: NDArray[Any], tokens: Sequence[str], temperatures: tuple[float, ...], prompt: str, noun: str = "character"
) -> Figure:
    """Draw one distribution of the next token (V,) reweighted at several temperatures, the likeliest tokens first."""
    order = np.argsort(-logits, kind="stable")[:NUM_TOKENS_SHOWN]
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
    glyphs = ["".join(GLYPHS.get(c, c) for c in tokens[i]) for i in order]
    # parse_math: a dollar sign is a dollar sign; words stand upright
    turned = {"rotation": 90} if max(map(len, glyphs)) > 2 else {}
    labels = [visible(glyph) for glyph in glyphs]
    all_axes[-1].set_xticks(range(len(order)), labels, family="monospace", parse_math=False, **turned)
    tail = visible(prompt[-30:].replace("\n", " ").replace("\t", GLYPHS["\t"]))
    figure.suptitle(f"Next {noun} after “…{tail}”", fontsize=11, parse_math=False)
    return figure


def score_figure(scores: pd.DataFrame, name: str, label: str, human: float | None) -> Figure:
    """Draw one score by epoch, a line for each temperature, and the score of human text."""
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
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with atomic_write(path) as partial, mpl.rc_context(STYLE):
            figure.savefig(partial, metadata={"Date": None, "Creator": None})
    missing = {match[1] for w in caught if (match := MISSING_GLYPH.match(str(w.message)))}
    for each in caught:
        if not MISSING_GLYPH.match(str(each.message)):
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    if missing:
        characters = " ".join(chr(int(number)) for number in sorted(missing, key=int)[:20])
        logger.info("%s: open it where a font has %s; a browser finds one.", path, characters)


def _axes(x_label: str, y_label: str) -> tuple[Figure, Any]:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 4), layout="constrained")
        axes = figure.subplots()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    return figure, axes
