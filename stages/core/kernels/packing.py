"""The weights in the order in which the loops read them; checks of what compiled code would read without looking.

Shapes: B windows (rows) of T steps, V characters of the vocabulary, H units, padded to H'; C = TILE_COLUMNS.
README.md draws the layout.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels.loops import NUM_GATES
from stages.core.kernels.tile import TILE_COLUMNS

CACHE_LINE = 16  # float32
Float32Array = NDArray[np.float32]


class PackedWeights:
    """The weights, zero where units are padded.

    Args:
        vocabulary_size: V.
        num_units: H.
    """

    def __init__(self, vocabulary_size: int, num_units: int) -> None:
        self.vocabulary_size = vocabulary_size
        self.num_units = num_units
        self.padded_units = padded_units = padded(num_units)
        self.table = aligned_zeros(vocabulary_size, NUM_GATES, padded_units)  # kernel plus bias
        self.recurrent = aligned_zeros(NUM_GATES * padded_units // TILE_COLUMNS, padded_units, TILE_COLUMNS)

    def fill(self, kernel: Float32Array, recurrent_kernel: Float32Array, bias: Float32Array) -> None:
        """Lay out weights.

        Args:
            kernel: (V, 4H), the four gates in Keras's order: input, forget, cell, output.
            recurrent_kernel: (H, 4H).
            bias: (4H,).

        Raises:
            ValueError: a shape or type is another.
        """
        num_units, num_columns = self.num_units, NUM_GATES * self.num_units
        check_array("kernel", kernel, (self.vocabulary_size, num_columns))
        check_array("recurrent_kernel", recurrent_kernel, (num_units, num_columns))
        check_array("bias", bias, (num_columns,))
        with np.errstate(over="ignore"):  # weights that have diverged: the loss shows it
            self.table[:, :, :num_units] = (kernel + bias).reshape(-1, NUM_GATES, num_units)
        matrix = np.zeros((self.padded_units, NUM_GATES, self.padded_units), np.float32)
        matrix[:num_units, :, :num_units] = recurrent_kernel.reshape(-1, NUM_GATES, num_units)
        self.recurrent[:] = in_column_blocks(matrix.reshape(self.padded_units, -1))

    def real(self, columns: Float32Array) -> Float32Array:
        """Return (..., 4H') without the padded units, (K, 4H)."""
        by_gate = columns.reshape(-1, NUM_GATES, self.padded_units)
        return by_gate[:, :, : self.num_units].reshape(len(by_gate), -1)

    def transposed(self) -> Float32Array:
        """Return the transposed recurrent kernel (4H', H') in blocks of columns, (H' / C, 4H', C)."""
        return in_column_blocks(from_column_blocks(self.recurrent).T)


def in_column_blocks(matrix: Float32Array) -> Float32Array:
    """Return (K, N) as (N / C, K, C), contiguous."""
    return np.ascontiguousarray(matrix.reshape(len(matrix), -1, TILE_COLUMNS).transpose(1, 0, 2))


def from_column_blocks(blocks: Float32Array) -> Float32Array:
    """Return (N / C, K, C) as (K, N)."""
    return blocks.transpose(1, 0, 2).reshape(blocks.shape[1], -1)


def padded(number: int) -> int:
    """Return the next multiple of C."""
    return -(-number // TILE_COLUMNS) * TILE_COLUMNS


def aligned_zeros(*shape: int) -> Float32Array:
    """Return zeros that begin at a cache line: a vector across two lines takes two loads."""
    size = math.prod(shape)
    memory = np.zeros(size + CACHE_LINE, np.float32)
    start = (-memory.ctypes.data // 4) % CACHE_LINE
    return memory[start : start + size].reshape(shape)


def check_array(name: str, array: Any, shape: tuple[int, ...], dtype: type = np.float32) -> None:
    """Check what compiled code would read without looking.

    Raises:
        ValueError: not an array of this shape and type.
    """
    received = getattr(array, "dtype", type(array).__name__), getattr(array, "shape", None)
    if received != (dtype, shape):
        expected = f"{np.dtype(dtype)} of shape {shape}"
        raise ValueError(f"{name} must be {expected}. Received: {received[0]} of shape {received[1]}.")


def check_ids(ids: NDArray[Any], vocabulary_size: int) -> None:
    """Check that each id names a row of a table.

    Raises:
        ValueError: the ids are no integers, or one is not in the vocabulary.
    """
    if ids.dtype.kind not in "iu":
        raise ValueError(f"ids must be integers. Received: {ids.dtype}.")
    if ids.size and not 0 <= ids.min() <= ids.max() < vocabulary_size:
        raise ValueError(f"ids must lie between 0 and {vocabulary_size - 1}. Received: {ids.min()} to {ids.max()}.")
