"""The LSTM over character ids on the CPU: the same mathematics as keras.layers.LSTM on one-hot input.

What makes it fast: a one-hot row times a matrix is a row of the matrix; the weights are laid out once for each batch,
not once for each step; the four gates of a few units and rows are computed in registers, from the products to the new
state; going back, a step's gradients are summed up while they are in the cache. What makes it exact: every sum runs in
one order, two halves of the windows apart, and rows (or panels of columns) are whole units of work, so the number of
threads changes no bit.

Legend: B windows, T characters each, V characters of the vocabulary, H units. Inside, units are padded to H' and
windows to B'; a panel holds LANES units with their four gates; P panels make H'.
"""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels import loops
from stages.core.kernels.jobs import ARRAYS, FORWARD, GRADIENTS, JOB, NUM_HALVES
from stages.core.kernels.threads import lstm_threads
from stages.core.kernels.vectors import CACHE_LINE, LANES, NUM_GATES, TILE_COLUMNS, TILE_ROWS
from stages.core.pipeline.errors import UserError

NUM_THREADS_VARIABLE = "ZARATHUSTRA_NUM_THREADS"
Float32Array = NDArray[np.float32]
Gradients = tuple[Float32Array, Float32Array, Float32Array]


class PackedWeights:
    """The weights in the order in which the tiles read them; flat, and zero where they are padded.

    Args:
        vocabulary_size: V.
        num_units: H.
    """

    def __init__(self, vocabulary_size: int, num_units: int) -> None:
        self.num_units = num_units
        self.padded_units = padded_units = _padded(num_units, TILE_COLUMNS)  # H'
        self.num_panels = padded_units // LANES  # P
        self.recurrent = _aligned_zeros(padded_units * NUM_GATES * padded_units)  # (P, H', 4, LANES)
        self.table = _aligned_zeros(vocabulary_size * NUM_GATES * padded_units)  # (V, P, 4, LANES): input plus bias

    def fill(self, kernel: Float32Array, recurrent_kernel: Float32Array, bias: Float32Array) -> None:
        """Lay out weights.

        Args:
            kernel: (V, 4H), the four gates in Keras's order: input, forget, cell, output.
            recurrent_kernel: (H, 4H).
            bias: (4H,).
        """
        recurrent = self.recurrent.reshape(self.num_panels, -1, NUM_GATES, LANES)
        recurrent[:, : self.num_units] = self._in_panels(recurrent_kernel).transpose(2, 0, 1, 3)
        with np.errstate(over="ignore"):  # weights that have diverged: the loss will say so
            table = self._in_panels(kernel + bias)
        self.table.reshape(-1, self.num_panels, NUM_GATES, LANES)[:] = table.transpose(0, 2, 1, 3)

    def _in_panels(self, matrix: Float32Array) -> Float32Array:
        """Return (K, 4H) as (K, 4, P, LANES)."""
        by_gate = matrix.reshape(-1, NUM_GATES, self.num_units)
        if self.num_units < self.padded_units:
            by_gate = np.pad(by_gate, ((0, 0), (0, 0), (0, self.padded_units - self.num_units)))
        return by_gate.reshape(-1, NUM_GATES, self.num_panels, LANES)

    def matrix(self, panels: Float32Array) -> Float32Array:
        """Return sums by panels (P, K, 4, LANES) as a matrix (K, 4H)."""
        by_gate = panels.transpose(1, 2, 0, 3).reshape(-1, NUM_GATES, self.padded_units)[:, :, : self.num_units]
        return by_gate.reshape(len(by_gate), -1)


def pack(kernel: Float32Array, recurrent_kernel: Float32Array, bias: Float32Array) -> PackedWeights:
    """Lay out weights (V, 4H), (H, 4H) and (4H,) for `advance`."""
    packed = PackedWeights(len(kernel), len(recurrent_kernel))
    packed.fill(kernel, recurrent_kernel, bias)
    return packed


def advance(packed: PackedWeights, ids: NDArray[np.int32], h: Float32Array, c: Float32Array) -> None:
    """Move states on by one character each, in place. The result of a row depends on that row alone.

    Args:
        packed: the weights.
        ids: (N,), the character that each state is given.
        h: (N, H) outputs, C-contiguous.
        c: (N, H) cell states, C-contiguous.
    """
    loops.advance(packed.recurrent, packed.table, packed.padded_units, ids, h, c)


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
        shape = (*ids.shape, len(kernel), len(recurrent_kernel))
        if shape not in self._memory:
            self._memory[shape] = Tape(*shape)
        tape = self._memory[shape]
        packed = tape.packed
        packed.fill(kernel, recurrent_kernel, bias)
        num_rows, num_steps = ids.shape
        tape.ids[:, :num_rows] = ids.T
        tape.do(FORWARD, self.num_threads)
        last_h = tape.h.reshape(num_steps + 1, tape.padded_rows, -1)[-1]
        return last_h[:num_rows, : packed.num_units].copy(), tape

    def backward(self, tape: "Tape", dh: Float32Array) -> Gradients:
        """Return the gradients of kernel (V, 4H), recurrent_kernel (H, 4H) and bias (4H,).

        Args:
            tape: from `forward`.
            dh: (B, H), the gradient with respect to the outputs.
        """
        packed, num_units = tape.packed, tape.packed.num_units
        last_dh = tape.dh.reshape(2, tape.padded_rows, -1)[(len(tape.ids) - 1) % 2]
        last_dh[:] = 0
        last_dh[: len(dh), :num_units] = dh
        tape.dc[:] = 0
        # (P, H', 4, LANES) -> (H' / TILE_COLUMNS, P * 4 * LANES, TILE_COLUMNS): what multiplies dh from the right
        squares = packed.recurrent.reshape(packed.num_panels, -1, TILE_COLUMNS, TILE_COLUMNS).transpose(1, 0, 3, 2)
        tape.transposed.reshape(squares.shape)[:] = squares
        tape.do(GRADIENTS, self.num_threads)
        panels = (NUM_HALVES, packed.num_panels, -1, NUM_GATES, LANES)
        d_kernel = packed.matrix(np.add(*tape.d_table.reshape(panels)))
        d_recurrent_kernel = packed.matrix(np.add(*tape.d_recurrent.reshape(panels))[:, :num_units])
        return d_kernel, d_recurrent_kernel, d_kernel.sum(axis=0)


class Tape:
    """The memory of one batch."""

    def __init__(self, num_rows: int, num_steps: int, vocabulary_size: int, num_units: int) -> None:
        self.packed = PackedWeights(vocabulary_size, num_units)
        self.padded_rows = padded_rows = _padded(num_rows, TILE_ROWS)
        padded_units = self.packed.padded_units
        size, num_panels = padded_rows * padded_units, self.packed.num_panels
        self.ids = np.zeros((num_steps, padded_rows), np.int32)
        self.h = _aligned_zeros((num_steps + 1) * size)  # (T + 1, B', H'), the first of them zero
        self.c = _aligned_zeros((num_steps + 1) * size)
        self.tanh_c = _aligned_zeros(num_steps * size)
        self.gates = _aligned_zeros(NUM_GATES * num_steps * size)  # (T, P, B', 4, LANES)
        self.transposed = _aligned_zeros(NUM_GATES * padded_units**2)
        self.dh = _aligned_zeros(2 * size)  # of a step and of the one before it
        self.dc = _aligned_zeros(size)
        self.d_gates = _aligned_zeros(2 * NUM_GATES * size)  # of a step and of the one before it
        self.d_recurrent = _aligned_zeros(NUM_HALVES * num_panels * _padded(padded_units, TILE_ROWS) * TILE_COLUMNS)
        self.d_table = _aligned_zeros(NUM_HALVES * num_panels * vocabulary_size * TILE_COLUMNS)  # (2, P, V, 4, LANES)
        arrays = vars(self) | vars(self.packed)
        sizes = num_steps, num_rows, padded_rows, padded_units, vocabulary_size
        self._job = np.array([(FORWARD, *sizes, *(arrays[name].ctypes.data for name in ARRAYS))], JOB)

    def do(self, kind: int, num_threads: int) -> None:
        """Do the pass of one kind, FORWARD or GRADIENTS."""
        self._job["kind"] = kind
        lstm_threads(num_threads).do(self._job)


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


def _padded(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _aligned_zeros(size: int) -> Float32Array:
    # streamed stores fault elsewhere, and a vector that straddles two cache lines takes two loads
    memory = np.zeros(size + CACHE_LINE, np.float32)
    start = (-memory.ctypes.data // 4) % CACHE_LINE
    return memory[start : start + size]
