"""Whole `fit` calls: the compiled kernel, Keras's layer, PyTorch."""

from importlib.util import find_spec
from typing import Any

from matplotlib.figure import Figure

from tests.benchmarks.data import BATCH_SIZE, WINDOWS, corpus, window_data
from tests.benchmarks.drawing import axes
from tests.benchmarks.measuring import Effort, race, ratios, spread

UNITS = 128


def contenders(units: int, num_batches: int) -> dict[str, tuple[str, dict[str, object]]]:
    """Return who trains: the compiled kernel, Keras, and PyTorch where it is installed."""
    settings: dict[str, object] = {"units": units, "num_batches": num_batches}
    who = {
        "compiled": ("networks:fit", {"backend": "compiled", **settings}),
        "Keras": ("networks:fit", {"backend": "keras", **settings}),
    }
    if find_spec("torch"):
        who["PyTorch"] = ("networks:torch_fit", settings)
    return who


def measure(effort: Effort) -> dict[str, Any]:
    """Return seconds of a batch and of an epoch, and the ratios."""
    num_batches, num_rounds = effort.choose((20, 3), (300, 15))
    seconds = race(contenders(UNITS, num_batches), num_rounds)
    data = window_data()
    num_in_epoch = -(-data.plan.num_training_windows // BATCH_SIZE)
    rows = []
    for name, values in seconds.items():
        batch_ms = spread([1000 * s / num_batches for s in values])
        rows.append(
            {
                "training with": name,
                "ms per batch": batch_ms,
                f"s per epoch of {num_in_epoch:,} batches": batch_ms["median"] * num_in_epoch / 1000,
                "time / time of compiled": ratios(values, seconds["compiled"]),
            }
        )
    return {
        "title": "Training",
        "conditions": (
            f"LSTM-{UNITS}, windows of {WINDOWS.window_length} characters, batches of {BATCH_SIZE}, "
            f"{data.tokenizer.size} distinct characters, {corpus()[1]}. {num_rounds} `fit` calls each, of "
            f"{num_batches} batches, after a warm-up; gathering the windows, optimizer and progress are in it. "
            "Seconds per epoch are extrapolated from the median of a batch; validation is not in them."
        ),
        "tables": [rows],
        "seconds_by_round": seconds,
        "num_batches": num_batches,
    }


def figure(result: dict[str, Any]) -> Figure:
    """Draw every round of each contender."""
    made, ax = axes("round", "ms per batch")
    for name, values in result["seconds_by_round"].items():
        ms = [1000 * s / result["num_batches"] for s in values]
        ax.plot(range(1, len(ms) + 1), ms, marker="o", label=name)
    ax.set_ylim(bottom=0)
    ax.legend()
    return made
