"""How near the kernel comes to what this machine can multiply at all."""

from typing import Any

import numpy as np

from stages.core.kernels.sequences import Sequences
from tests.benchmarks.data import BATCH_SIZE, WINDOWS, window_data
from tests.benchmarks.measuring import Effort, Work, num_cores, race, spread

UNITS = 128
SIZES = (1024, 2048)
BATCHES_AT_ONCE = 20


def products(size: int, num_products: int) -> Work:
    """Return float32 matrix products by BLAS, on as many threads as there are cores."""
    random = np.random.default_rng(0)
    left, right = (random.random((size, size), np.float32) for _ in range(2))
    out = np.empty_like(left)

    def work() -> None:
        for _ in range(num_products):
            np.matmul(left, right, out=out)

    work()
    return work


def kernel() -> Work:
    """Return the LSTM alone, forward and backward, a few batches."""
    random = np.random.default_rng(0)
    num_characters = window_data().tokenizer.size
    ids = random.integers(num_characters, size=(BATCH_SIZE, WINDOWS.window_length), dtype=np.int32)
    shapes = (num_characters, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,)
    weights = [random.normal(scale=0.1, size=shape).astype(np.float32) for shape in shapes]
    dh = random.normal(size=(BATCH_SIZE, UNITS)).astype(np.float32)
    zeros = np.zeros_like(dh)
    sequences = Sequences(BATCH_SIZE, WINDOWS.window_length, UNITS, vocabulary_size=num_characters, last_only=True)

    def work() -> None:
        for _ in range(BATCHES_AT_ONCE):
            sequences.forward(ids, zeros, zeros, *weights)
            sequences.backward(dh, zeros)

    work()
    return work


def flop_of_a_batch(units: int, window_length: int) -> int:
    """Return the operations in the three products of the LSTM with its recurrent weights, forward and backward.

    The products of the first step, of zeros, do not count.
    """
    return 3 * 2 * BATCH_SIZE * (window_length - 1) * units * 4 * units


def measure(effort: Effort) -> dict[str, Any]:
    """Return GFLOP/s of BLAS and of the kernel, in the same run."""
    makers: dict[str, tuple[str, dict[str, Any]]] = {
        f"{size}³": ("roofline:products", {"size": size, "num_products": (2048 // size) ** 3}) for size in SIZES
    }
    makers["kernel"] = ("roofline:kernel", {})
    fit = {"backend": "compiled", "units": UNITS, "num_batches": BATCHES_AT_ONCE}
    makers["fit"] = ("networks:fit", fit)
    seconds = race(makers, effort.choose(5, 15))
    batch_gflop = flop_of_a_batch(UNITS, WINDOWS.window_length) / 1e9
    gflop = {"kernel": BATCHES_AT_ONCE * batch_gflop, "fit": BATCHES_AT_ONCE * batch_gflop}
    gflop |= {f"{size}³": 2 * 2048**3 / 1e9 for size in SIZES}
    rates = {name: [gflop[name] / s for s in values] for name, values in seconds.items()}
    peaks = [max(rates[f"{size}³"][i] for size in SIZES) for i in range(len(rates["kernel"]))]
    titles = {
        **{f"{size}³": f"NumPy, product of two {size} × {size} matrices" for size in SIZES},
        "kernel": "compiled kernel, forward and backward",
        "fit": "whole `fit` with it",
    }
    rows = [
        {
            "what": title,
            "GFLOP/s": spread(rates[name]),
            "ms per batch": spread([1000 * s / BATCHES_AT_ONCE for s in seconds[name]]) if "³" not in name else None,
            "part of the peak": spread([rate / peak for rate, peak in zip(rates[name], peaks, strict=True)]),
        }
        for name, title in titles.items()
    ]
    return {
        "title": "Against the peak of the machine",
        "conditions": (
            f"float32, {num_cores()} threads. The products of the LSTM-{UNITS} with its recurrent weights are "
            f"{batch_gflop:.2f} GFLOP a batch, forward and backward; all else that the kernel and `fit` do counts as "
            "time, not as work. The peak is the better of the two matrix products in the same turn."
        ),
        "tables": [rows],
        "seconds_by_round": seconds,
    }
