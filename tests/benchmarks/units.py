"""What a larger network costs."""

from typing import Any

from matplotlib.figure import Figure

from tests.benchmarks.data import BATCH_SIZE, WINDOWS
from tests.benchmarks.drawing import axes
from tests.benchmarks.measuring import Effort, race, ratios, say, spread
from tests.benchmarks.training import contenders

NUM_BATCHES = {64: 60, 128: 40, 256: 20, 512: 10}


def measure(effort: Effort) -> dict[str, Any]:
    """Return seconds of a batch against units, for the compiled kernel and for Keras."""
    rows, batch_ms = [], {}
    num_rounds = effort.choose(1, 5)
    num_batches_of = effort.choose({64: 10, 128: 10}, NUM_BATCHES)
    for units, num_batches in num_batches_of.items():
        say(f"  {units} units, {num_batches} batches")
        both = {name: maker for name, maker in contenders(units, num_batches).items() if name != "PyTorch"}
        seconds = race(both, num_rounds)
        ms = {name: [1000 * s / num_batches for s in values] for name, values in seconds.items()}
        batch_ms[str(units)] = ms
        rows.append(
            {
                "units": units,
                "compiled, ms per batch": spread(ms["compiled"]),
                "Keras, ms per batch": spread(ms["Keras"]),
                "Keras / compiled": ratios(ms["Keras"], ms["compiled"]),
            }
        )
    return {
        "title": "Training by number of units",
        "conditions": (
            f"Windows of {WINDOWS.window_length} characters, batches of {BATCH_SIZE}; {num_rounds} `fit` calls each, "
            f"of {', '.join(map(str, num_batches_of.values()))} batches."
        ),
        "tables": [rows],
        "batch_ms_by_round": batch_ms,
    }


def figure(result: dict[str, Any]) -> Figure:
    """Draw milliseconds of a batch against units."""
    made, ax = axes("units", "ms per batch", "log")
    rows = result["tables"][0]
    units = [row["units"] for row in rows]
    for name in ("compiled", "Keras"):
        ax.plot(units, [row[f"{name}, ms per batch"]["median"] for row in rows], marker="o", label=name)
    ax.set_xticks(units, [str(n) for n in units])
    ax.minorticks_off()
    ax.legend()
    return made
