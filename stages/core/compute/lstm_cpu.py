"""The LSTM over character ids on the CPU: the same mathematics as keras.layers.LSTM on one-hot input.

What makes it fast: a one-hot row times a matrix is a row of the matrix; the weights are laid out once for each batch,
not once for each step; the four gates of a few units and rows are computed in registers, from the products to the new
state; the gradient of the recurrent weights is summed after all steps. What makes it exact: every sum runs in one
order, and rows (or panels of columns) are whole units of work, so the number of threads changes no bit.

Legend: B windows, T characters each, V characters of the vocabulary, H units. Inside, units are padded to H' and
windows to B'; a panel holds LANES units with their four gates; P panels make H'.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.common.errors import UserError
from stages.core.compute import lstm_loops
from stages.core.compute.vectors import LANES, NUM_GATES, TILE_COLUMNS, TILE_ROWS

NUM_THREADS_VARIABLE = "ZARATHUSTRA_NUM_THREADS"
Float32Array = NDArray[np.float32]
Gradients = tuple[Float32Array, Float32Array, Float32Array]


@dataclass(frozen=True)
class PackedWeights:
    """The weights in the order in which the tiles read them; flat."""

    num_units: int
    recurrent: Float32Array  # (P, H', 4, LANES)
    table: Float32Array  # (V, P, 4, LANES): input weights plus bias

    @property
    def padded_units(self) -> int:
        """H'."""
        return _padded(self.num_units, TILE_COLUMNS)


def pack(kernel: Float32Array, recurrent_kernel: Float32Array, bias: Float32Array) -> PackedWeights:
    """Lay out weights for `advance`.

    Args:
        kernel: (V, 4H), the four gates in Keras's order: input, forget, cell, output.
        recurrent_kernel: (H, 4H).
        bias: (4H,).
    """
    num_units = recurrent_kernel.shape[0]
    padded_units = _padded(num_units, TILE_COLUMNS)
    recurrent = np.zeros((padded_units, NUM_GATES, padded_units), np.float32)
    recurrent[:num_units, :, :num_units] = recurrent_kernel.reshape(num_units, NUM_GATES, num_units)
    table = np.zeros((len(kernel), NUM_GATES, padded_units), np.float32)
    with np.errstate(over="ignore"):  # weights that have diverged: the loss will say so
        table[:, :, :num_units] = (kernel + bias).reshape(-1, NUM_GATES, num_units)
    panels = (-1, NUM_GATES, padded_units // LANES, LANES)
    return PackedWeights(
        num_units,
        _aligned_copy(recurrent.reshape(panels).transpose(2, 0, 1, 3)),
        _aligned_copy(table.reshape(panels).transpose(0, 2, 1, 3)),
    )


def advance(packed: PackedWeights, ids: NDArray[np.int32], h: Float32Array, c: Float32Array) -> None:
    """Move states on by one character each, in place. The result of a row depends on that row alone.

    Args:
        packed: the weights.
        ids: (N,), the character that each state is given.
        h: (N, H) outputs, C-contiguous.
        c: (N, H) cell states, C-contiguous.
    """
    lstm_loops.advance(packed.recurrent, packed.table, packed.padded_units, ids, h, c)


class LstmCpu:
    """Runs batches forward and backward; keeps its memory from one batch of the same shape to the next."""

    def __init__(self, num_threads: int | None = None) -> None:
        self.num_threads = num_threads or default_num_threads()
        self._memory: dict[tuple[int, ...], Tape] = {}

    def forward(
        self, ids: NDArray[Any], kernel: Float32Array, recurrent_kernel: Float32Array, bias: Float32Array
    ) -> tuple[Float32Array, "Tape"]:
        """Return the outputs after the last character, (B, H), and what `backward` needs.

        The second is overwritten by the next call with a batch of the same shape.

        Args:
            ids: (B, T).
            kernel: (V, 4H).
            recurrent_kernel: (H, 4H).
            bias: (4H,).
        """
        packed = pack(kernel, recurrent_kernel, bias)
        shape = (*ids.shape, len(kernel), packed.padded_units)
        if shape not in self._memory:
            self._memory[shape] = Tape(*shape)
        tape = self._memory[shape]
        num_rows, num_steps = ids.shape
        tape.packed = packed
        tape.ids[:, :num_rows] = ids.T
        self._in_pieces(
            tape.padded_rows // TILE_ROWS,
            lambda first, last: lstm_loops.forward(
                *(first, last, num_steps, tape.padded_rows, packed.padded_units),
                *(packed.recurrent, packed.table, tape.ids.reshape(-1), tape.h, tape.c, tape.tanh_c, tape.gates),
            ),
        )
        last_h = tape.h.reshape(num_steps + 1, tape.padded_rows, -1)[-1]
        return last_h[:num_rows, : packed.num_units].copy(), tape

    def backward(self, tape: "Tape", dh: Float32Array) -> Gradients:
        """Return the gradients of kernel (V, 4H), recurrent_kernel (H, 4H) and bias (4H,).

        Args:
            tape: from `forward`; it can be used once.
            dh: (B, H), the gradient with respect to the outputs.
        """
        packed, num_units, padded_units = tape.packed, tape.packed.num_units, tape.packed.padded_units
        num_steps = len(tape.ids)
        tape.dh[:] = 0
        tape.dh.reshape(tape.padded_rows, -1)[: len(dh), :num_units] = dh
        tape.dc[:] = 0
        # (P, H', 4, LANES) -> (H' / TILE_COLUMNS, P * 4 * LANES, TILE_COLUMNS): what multiplies dh from the right
        by_panel = packed.recurrent.reshape(-1, padded_units // TILE_COLUMNS, TILE_COLUMNS, TILE_COLUMNS)
        transposed = _aligned_copy(by_panel.transpose(1, 0, 3, 2))
        self._in_pieces(
            tape.padded_rows // TILE_ROWS,
            lambda first, last: lstm_loops.backward(
                *(first, last, num_steps, tape.padded_rows, padded_units),
                *(transposed, tape.c, tape.tanh_c, tape.gates, tape.dh, tape.dc),
            ),
        )
        self._in_pieces(
            padded_units // LANES,
            lambda first, last: lstm_loops.sum_gradients(
                *(first, last, num_steps, len(dh), tape.padded_rows, padded_units),
                *(tape.ids.reshape(-1), tape.h, tape.gates, tape.d_recurrent, tape.d_table),
            ),
        )
        d_recurrent = tape.d_recurrent.reshape(padded_units // LANES, -1, NUM_GATES, LANES)[:, :num_units]
        d_kernel = _without_panels(tape.d_table.transpose(1, 0, 2, 3), num_units)
        return d_kernel, _without_panels(d_recurrent.transpose(1, 0, 2, 3), num_units), d_kernel.sum(axis=0)

    def _in_pieces(self, num_units_of_work: int, work: Callable[[int, int], None]) -> None:
        num_pieces = min(self.num_threads, num_units_of_work)
        bounds = [i * num_units_of_work // num_pieces for i in range(num_pieces + 1)]
        if num_pieces == 1:
            work(0, num_units_of_work)
            return
        pool = _pool(self.num_threads)
        for done in [pool.submit(work, *piece) for piece in pairwise(bounds)]:
            done.result()


class Tape:
    """The memory of one batch."""

    packed: PackedWeights

    def __init__(self, num_rows: int, num_steps: int, vocabulary_size: int, padded_units: int) -> None:
        self.padded_rows = padded_rows = _padded(num_rows, TILE_ROWS)
        size, num_panels = padded_rows * padded_units, padded_units // LANES
        self.ids = np.zeros((num_steps, padded_rows), np.int32)
        self.h = _aligned_zeros((num_steps + 1) * size)  # (T + 1, B', H'), the first of them zero
        self.c = _aligned_zeros((num_steps + 1) * size)
        self.tanh_c = _aligned_zeros(num_steps * size)
        self.gates = _aligned_zeros(NUM_GATES * num_steps * size)  # (T, P, B', 4, LANES)
        self.dh = _aligned_zeros(size)
        self.dc = _aligned_zeros(size)
        self.d_recurrent = _aligned_zeros(num_panels * _padded(padded_units, TILE_ROWS) * TILE_COLUMNS)
        self.d_table = _aligned_zeros(num_panels * vocabulary_size * TILE_COLUMNS).reshape(
            num_panels, vocabulary_size, NUM_GATES, LANES
        )


def default_num_threads() -> int:
    """Return ZARATHUSTRA_NUM_THREADS, or the number of processors that this process may use.

    Raises:
        UserError: the variable is something else than an integer >= 1.
    """
    wanted = os.environ.get(NUM_THREADS_VARIABLE)
    if wanted is None:
        # macOS does not tell
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not wanted.isdecimal() or int(wanted) < 1:
        raise UserError(f"{NUM_THREADS_VARIABLE} must be an integer >= 1. Received: {wanted!r}. Correct or unset it.")
    return int(wanted)


@cache
def _pool(num_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(num_threads)


def _padded(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _aligned_zeros(size: int) -> Float32Array:
    # a vector that straddles two cache lines takes two loads
    memory = np.zeros(size + 16, np.float32)
    start = (-memory.ctypes.data // 4) % 16
    return memory[start : start + size]


def _aligned_copy(array: Float32Array) -> Float32Array:
    flat = _aligned_zeros(array.size)
    flat.reshape(array.shape)[:] = array
    return flat


def _without_panels(panels: Float32Array, num_units: int) -> Float32Array:
    """Return (K, P, 4, LANES) as (K, 4H)."""
    gates = panels.transpose(0, 2, 1, 3).reshape(len(panels), NUM_GATES, -1)[:, :, :num_units]
    return gates.reshape(len(panels), -1)
