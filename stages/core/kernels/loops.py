"""The forward and the backward pass of some rows, and one step of many, compiled.

Nothing here checks an index: sequences.py and stepping.py do. The four gates are in Keras's order: input, forget, cell,
output. Shapes: n rows, T steps, V rows of the table, H units, padded; C = TILE_COLUMNS.
"""

import numpy as np

from stages.core.kernels.cells import cell_backward, cell_forward
from stages.core.kernels.compiling import compiled
from stages.core.kernels.tile import TILE_COLUMNS, TILE_ROWS, multiply_tile

NUM_GATES = 4
ROWS_AT_ONCE = 32  # of `step`: their states stay in the first-level cache


@compiled
def multiply(out, left, right, add):
    """Compute left (n, K) @ right (K, C) into out (n, C), or add it there; in tiles of nearly equal height."""
    num_rows = len(out)
    num_tiles = (num_rows + TILE_ROWS - 1) // TILE_ROWS
    for tile in range(num_tiles):
        first, last = tile * num_rows // num_tiles, (tile + 1) * num_rows // num_tiles
        multiply_tile(out, left, right, first, last - first, add)


@compiled
def advance(recurrent, table, ids, h, c, new_h, new_c, z):
    """Do one step: from h and c (n, H) to new_h and new_c, and to the gates in z (4, n, H).

    Args:
        recurrent: (4H / C, H, C), the recurrent kernel in blocks of columns.
        table: (V, 4, H), kernel plus bias.
        ids: (n,), the row of the table for each row.
    """
    num_rows, num_units = h.shape
    num_blocks = num_units // TILE_COLUMNS
    for gate in range(NUM_GATES):
        for block in range(num_blocks):
            columns = slice(block * TILE_COLUMNS, (block + 1) * TILE_COLUMNS)
            multiply(z[gate, :, columns], h, recurrent[gate * num_blocks + block], False)
        for row in range(num_rows):
            sums, inputs = z[gate, row], table[ids[row], gate]
            for unit in range(num_units):
                sums[unit] += inputs[unit]
    cell_forward(z.reshape((NUM_GATES, -1)), c.reshape(-1), new_c.reshape(-1), new_h.reshape(-1))


@compiled
def forward(recurrent, table, ids, h, c, gates):
    """Fill gates (T, 4, n, H), and h and c (T + 1, n, H) after their first. Arguments: as in `advance`; ids (T, n)."""
    for t in range(len(ids)):
        advance(recurrent, table, ids[t], h[t], c[t], h[t + 1], c[t + 1], gates[t])


@compiled
def backward(transposed, ids, h, c, gates, dh, dc, d_outputs, d_recurrent, d_table):
    """Go back from the last step to the first; sum up the gradients of the weights in d_recurrent and d_table.

    Args:
        transposed: (H / C, 4H, C), the transposed recurrent kernel in blocks of columns.
        ids: (T, n).
        h: (T + 1, n, H), from `forward`, as are c and gates.
        c: (T + 1, n, H).
        gates: (T, 4, n, H).
        dh: (n, H), in: the gradient with respect to the last output; out: to the initial one.
        dc: (n, H), the same of the cell states.
        d_outputs: (T, n, H), what to add to dh at each step; or (0, n, H).
        d_recurrent: (4H / C, H, C), as `recurrent` in `advance`.
        d_table: (V, 4, H).
    """
    num_steps, _, num_rows, num_units = gates.shape
    num_blocks = num_units // TILE_COLUMNS
    d_gates = np.empty((NUM_GATES, num_rows, num_units), np.float32)
    h_columns = np.empty((num_units, num_rows), np.float32)
    tanh_c = np.empty(num_rows * num_units, np.float32)
    d_recurrent[:] = 0
    d_table[:] = 0
    for t in range(num_steps - 1, -1, -1):
        if len(d_outputs):
            dh += d_outputs[t]
        cell_backward(
            *(gates[t].reshape((NUM_GATES, -1)), c[t].reshape(-1), c[t + 1].reshape(-1)),
            *(dh.reshape(-1), dc.reshape(-1), d_gates.reshape((NUM_GATES, -1)), tanh_c),
        )
        for row in range(num_rows):
            for gate in range(NUM_GATES):
                sums, gradients = d_table[ids[t, row], gate], d_gates[gate, row]
                for unit in range(num_units):
                    sums[unit] += gradients[unit]
        for row in range(num_rows):
            for unit in range(num_units):
                h_columns[unit, row] = h[t, row, unit]
        for gate in range(NUM_GATES):
            for block in range(num_blocks):
                columns = slice(block * TILE_COLUMNS, (block + 1) * TILE_COLUMNS)
                units = slice(gate * num_units, (gate + 1) * num_units)
                multiply(d_recurrent[gate * num_blocks + block], h_columns, d_gates[gate, :, columns], True)
                multiply(dh[:, columns], d_gates[gate], transposed[block, units], gate > 0)


@compiled
def step(recurrent, table, ids, h, c):
    """Move states h and c (N, real H) one character on, a few rows at a time."""
    num_states, num_real_units = h.shape
    num_units = recurrent.shape[1]
    some_h = np.zeros((ROWS_AT_ONCE, num_units), np.float32)
    some_c = np.zeros((ROWS_AT_ONCE, num_units), np.float32)
    z = np.zeros((NUM_GATES * ROWS_AT_ONCE * num_units), np.float32)
    for first in range(0, num_states, ROWS_AT_ONCE):
        num_rows = min(ROWS_AT_ONCE, num_states - first)
        now_h, now_c = some_h[:num_rows], some_c[:num_rows]
        now_h[:, :num_real_units] = h[first : first + num_rows]
        now_c[:, :num_real_units] = c[first : first + num_rows]
        now_z = z[: NUM_GATES * num_rows * num_units].reshape((NUM_GATES, num_rows, num_units))
        advance(recurrent, table, ids[first : first + num_rows], now_h, now_c, now_h, now_c, now_z)
        h[first : first + num_rows] = now_h[:, :num_real_units]
        c[first : first + num_rows] = now_c[:, :num_real_units]
