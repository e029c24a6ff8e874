"""The products of a dense input with its weights, for all steps of some rows at once, compiled.

Shapes: N rows times steps, K inputs, K' the same padded to TILE_COLUMNS = C, H units, padded.
"""

import numpy as np

from stages.core.kernels.compiling import compiled
from stages.core.kernels.loops import multiply
from stages.core.kernels.tile import TILE_COLUMNS

ROWS_AT_ONCE = 64
LENGTH_AT_ONCE = 128  # of a product: so much of the right matrix stays in the first-level cache


@compiled
def multiply_long(out, left, right, add):
    """Compute left (n, K) @ right (K, C) into out (n, C), or add it there, for K of any length."""
    for k in range(0, left.shape[1], LENGTH_AT_ONCE):
        multiply(out, left[:, k : k + LENGTH_AT_ONCE], right[k : k + LENGTH_AT_ONCE], add or k > 0)


@compiled
def dense_forward(x, kernel, bias, z):
    """Compute z (N, 4H) = x (N, K) times kernel (4H / C, K, C) plus bias (4H,)."""
    for first in range(0, len(x), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        z[rows] = bias
        for block in range(len(kernel)):
            columns = slice(block * TILE_COLUMNS, (block + 1) * TILE_COLUMNS)
            multiply_long(z[rows, columns], x[rows], kernel[block], True)


@compiled
def dense_backward(x, transposed, d_z, d_x, d_kernel):
    """Compute d_x (N, K') and d_kernel (4H / C, K, C) from d_z (N, 4H); transposed is (K' / C, 4H, C)."""
    x_columns = np.empty((x.shape[1], ROWS_AT_ONCE), np.float32)
    d_kernel[:] = 0
    for first in range(0, len(x), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        some_x = x[rows]
        some_columns = x_columns[:, : len(some_x)]
        for row in range(len(some_x)):
            for k in range(x.shape[1]):
                some_columns[k, row] = some_x[row, k]
        for block in range(len(d_kernel)):
            columns = slice(block * TILE_COLUMNS, (block + 1) * TILE_COLUMNS)
            multiply(d_kernel[block], some_columns, d_z[rows, columns], True)
        for block in range(len(transposed)):
            columns = slice(block * TILE_COLUMNS, (block + 1) * TILE_COLUMNS)
            multiply_long(d_x[rows, columns], d_z[rows], transposed[block], False)
