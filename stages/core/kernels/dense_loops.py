"""The passes of sequences.py beside those of loops.py: products for all steps of some rows at once, compiled.

Shapes: n rows, T steps, N = T * n, K inputs, K' the same padded to TILE_COLUMNS = C, H units, padded, V tokens.
"""

import numpy as np

from stages.core.kernels.cells import cell_backward
from stages.core.kernels.compiling import compiled
from stages.core.kernels.loops import NUM_GATES, multiply
from stages.core.kernels.tile import TILE_COLUMNS

ROWS_AT_ONCE = 64
LENGTH_AT_ONCE = 128  # of a product: so much of the right matrix stays in the first-level cache


@compiled
def multiply_long(out, left, right, add, sums):
    """Compute left (n, K) @ right (K, C) into out (n, C), or add it there, for K of any length.

    Rows of `out` may lie a power of two apart, and would take each other's place in the cache: so the sums grow in
    memory without gaps, (n or more, C).
    """
    some = sums[: len(out)]
    if add:
        some[:] = out
    for k in range(0, left.shape[1], LENGTH_AT_ONCE):
        multiply(some, left[:, k : k + LENGTH_AT_ONCE], right[k : k + LENGTH_AT_ONCE], add or k > 0)
    out[:] = some


@compiled
def dense_forward(x, kernel, bias, z):
    """Compute z (N, 4H) = x (N, K) times kernel (4H / C, K, C) plus bias (4H,)."""
    sums = np.empty((ROWS_AT_ONCE, TILE_COLUMNS), np.float32)
    for first in range(0, len(x), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        z[rows] = bias
        for block in range(len(kernel)):
            columns = slice(block * TILE_COLUMNS, (block + 1) * TILE_COLUMNS)
            multiply_long(z[rows, columns], x[rows], kernel[block], True, sums)


@compiled
def backward(transposed, c, gates, dh, dc, d_outputs, d_z):
    """Go back from the last step to the first; leave the gradients of the gates of all steps in d_z (T * n, 4, H).

    Unlike loops.backward it sums up nothing: `add_products` does that for many steps at once, which pays where the
    weights are large. Other arguments as there; dh and dc end as the gradients with respect to the initial state.
    """
    num_steps, _, num_rows, num_units = gates.shape
    num_blocks = num_units // TILE_COLUMNS
    d_gates = np.empty((NUM_GATES, num_rows, num_units), np.float32)
    tanh_c = np.empty(num_rows * num_units, np.float32)
    sums = np.empty((num_rows, TILE_COLUMNS), np.float32)
    for t in range(num_steps - 1, -1, -1):
        if len(d_outputs):
            dh += d_outputs[t]
        cell_backward(
            *(gates[t].reshape((NUM_GATES, -1)), c[t].reshape(-1), c[t + 1].reshape(-1)),
            *(dh.reshape(-1), dc.reshape(-1), d_gates.reshape((NUM_GATES, -1)), tanh_c),
        )
        for row in range(num_rows):
            for gate in range(NUM_GATES):
                d_z[t * num_rows + row, gate] = d_gates[gate, row]
        for block in range(num_blocks):
            columns = slice(block * TILE_COLUMNS, (block + 1) * TILE_COLUMNS)
            for gate in range(NUM_GATES):
                units = slice(gate * num_units, (gate + 1) * num_units)
                multiply_long(dh[:, columns], d_gates[gate], transposed[block, units], gate > 0, sums)


@compiled
def add_products(x, d_z, sums):
    """Compute sums (M / C, K, C) = x (N, K), transposed, times d_z (N, M)."""
    x_columns = np.empty((x.shape[1], ROWS_AT_ONCE), np.float32)
    right = np.empty((ROWS_AT_ONCE, TILE_COLUMNS), np.float32)
    sums[:] = 0
    for first in range(0, len(x), ROWS_AT_ONCE):
        some_x = x[first : first + ROWS_AT_ONCE]
        some_columns = x_columns[:, : len(some_x)]
        for row in range(len(some_x)):
            for k in range(x.shape[1]):
                some_columns[k, row] = some_x[row, k]
        for block in range(len(sums)):
            columns = slice(block * TILE_COLUMNS, (block + 1) * TILE_COLUMNS)
            some_right = right[: len(some_x)]
            some_right[:] = d_z[first : first + ROWS_AT_ONCE, columns]
            multiply(sums[block], some_columns, some_right, True)


@compiled
def add_rows(ids, d_z, d_table):
    """Add each row of d_z (N, 4, H) to row ids (N,) of d_table (V, 4, H), which begins as zeros."""
    d_table[:] = 0
    for n in range(len(ids)):
        for gate in range(NUM_GATES):
            sums, some = d_table[ids[n], gate], d_z[n, gate]
            for unit in range(len(some)):
                sums[unit] += some[unit]


@compiled
def dense_backward(d_z, transposed, d_x):
    """Compute d_x (N, K') from d_z (N, 4H); transposed is (K' / C, 4H, C)."""
    sums = np.empty((ROWS_AT_ONCE, TILE_COLUMNS), np.float32)
    for first in range(0, len(d_z), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        for block in range(len(transposed)):
            columns = slice(block * TILE_COLUMNS, (block + 1) * TILE_COLUMNS)
            multiply_long(d_x[rows, columns], d_z[rows], transposed[block], False, sums)
