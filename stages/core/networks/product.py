"""Matrix products whose rows do not depend on each other, as a product by BLAS does.

So a sample is the same alone and beside others. Shapes: n rows, K inputs, M outputs, C = TILE_COLUMNS.
"""

import numpy as np

from stages.core.kernels.compiling import compiled
from stages.core.kernels.loops import multiply
from stages.core.kernels.packing import in_column_blocks
from stages.core.kernels.tile import TILE_COLUMNS
from stages.core.networks.weights import Float32Array


class Product:
    """Multiplies by one matrix (K, M), laid out for compiled code, and adds a bias (M,)."""

    def __init__(self, matrix: Float32Array, bias: Float32Array) -> None:
        self._shape = matrix.shape
        padded = np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % TILE_COLUMNS)))
        self._blocks = in_column_blocks(padded)  # (M' / C, K, C)
        self._bias = bias

    def __call__(self, rows: Float32Array) -> Float32Array:
        """Return rows (n, K) @ matrix + bias, (n, M)."""
        if rows.ndim != 2 or rows.shape[1] != self._shape[0] or rows.dtype != np.float32:
            raise ValueError(f"rows must be float32 (n, {self._shape[0]}). Received: {rows.dtype} {rows.shape}.")
        out = np.empty((len(rows), len(self._blocks) * TILE_COLUMNS), np.float32)
        _multiply(out, rows, self._blocks)
        made: Float32Array = out[:, : self._shape[1]] + self._bias
        return made


@compiled
def _multiply(out: Float32Array, left: Float32Array, blocks: Float32Array) -> None:
    """Compute left (n, K) times the blocks (M' / C, K, C) into out (n, M')."""
    for i in range(len(blocks)):
        multiply(out[:, i * TILE_COLUMNS : (i + 1) * TILE_COLUMNS], left, blocks[i], False)
