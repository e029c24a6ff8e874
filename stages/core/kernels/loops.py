"""The loops of the LSTM over steps, panels and tiles, compiled. lstm_cpu.py lays out the memory.

Legend: as in lstm_cpu.py. `num_rows` is B', `num_units` is H'; `first` and `last` bound the tiles of rows, or the
panels, that one thread works on. All arrays are flat unless they say otherwise.
"""

import numpy as np

from stages.core.kernels.compiling import compiled
from stages.core.kernels.tiles import add_gates, add_product, prefetch_step, step, step_gradient
from stages.core.kernels.vectors import LANES, TILE_COLUMNS, TILE_ROWS

ROWS_AT_ONCE = 8 * TILE_ROWS  # of `advance`: their states stay in the first-level cache


@compiled
def forward(first, last, num_steps, num_rows, num_units, u, table, ids, h, c, tanh_c, gates):
    """Fill h, c, tanh_c and gates of some tiles of rows, step by step."""
    num_panels = num_units // LANES
    for t in range(num_steps):
        for p in range(num_panels):
            for tile in range(first, last):
                row = t * num_rows + tile * TILE_ROWS
                here = row * num_units + p * LANES
                after = here + num_rows * num_units
                gates_at = ((t * num_panels + p) * num_rows + tile * TILE_ROWS) * TILE_COLUMNS
                length = num_units if t else 0
                step(
                    *(h, row * num_units, length, u, p * num_units * TILE_COLUMNS, table, p * TILE_COLUMNS, ids, row),
                    *(c, here, num_units, c, after, h, after, gates, gates_at, tanh_c, here),
                )


@compiled
def backward(
    first, last, first_row, num_half_rows, t, num_rows, num_units, transposed, c, tanh_c, gates, dh, dc, d_gates
):
    """Go back over step t of some tiles of rows: from dh and dc to d_gates, and to dh and dc of the step before.

    dh (2, B', H') has its parts take turns: step t is in part t % 2. d_gates (P, rows of a half, 4, LANES) begins with
    the half's first row.
    """
    num_panels = num_units // LANES
    size = num_rows * num_units
    dh_at = t % 2 * size
    dh_before_at = size - dh_at
    dh[dh_before_at + first * TILE_ROWS * num_units : dh_before_at + last * TILE_ROWS * num_units] = 0
    for p in range(num_panels):
        panel_at = (t * num_panels + p) * num_rows * TILE_COLUMNS
        d_panel_at = (p * num_half_rows - first_row) * TILE_COLUMNS
        for row in range(first * TILE_ROWS, last * TILE_ROWS):
            unit = row * num_units + p * LANES
            here = t * size + unit
            step_gradient(
                *(gates, panel_at + row * TILE_COLUMNS, c, here, tanh_c, here, dh, dh_at + unit, dc, unit),
                *(d_gates, d_panel_at + row * TILE_COLUMNS),
            )
        if t == 0:
            continue
        next_t, next_p = (t, p + 1) if p + 1 < num_panels else (t - 1, 0)
        for q in range(num_units // TILE_COLUMNS):
            right_at = (q * num_panels + p) * TILE_COLUMNS * TILE_COLUMNS
            for row in range(first * TILE_ROWS, last * TILE_ROWS, TILE_ROWS):
                add_product(
                    *(dh, dh_before_at + row * num_units + q * TILE_COLUMNS, num_units),
                    *(d_gates, d_panel_at + row * TILE_COLUMNS, TILE_COLUMNS, 1),
                    *(transposed, right_at, TILE_COLUMNS),
                )
                if q == 0:  # what comes next is asked for early; waiting for it took a tenth of this pass
                    for next_row in range(row, row + TILE_ROWS):
                        gates_at = ((next_t * num_panels + next_p) * num_rows + next_row) * TILE_COLUMNS
                        here = next_t * size + next_row * num_units + next_p * LANES
                        prefetch_step(gates, gates_at, c, here, tanh_c, here)


@compiled
def sum_gradients(
    first, last, first_row, num_half_rows, num_real_rows, t, num_rows, num_units, ids, h, d_gates, d_recurrent, d_table
):
    """Add step t of a half of the rows to the gradients of some panels, of the recurrent weights and of the table.

    d_recurrent is (P, H', 4, LANES), H' padded to tiles of rows; d_table (P, V, 4, LANES); d_gates as in `backward`.
    """
    num_panels = num_units // LANES
    panel_size = len(d_recurrent) // num_panels
    table_size = len(d_table) // num_panels
    for p in range(first, last):
        panel_at = p * num_half_rows * TILE_COLUMNS
        if t:
            for unit in range(0, num_units, TILE_ROWS):
                add_product(
                    *(d_recurrent, p * panel_size + unit * TILE_COLUMNS, TILE_COLUMNS),
                    *(h, (t * num_rows + first_row) * num_units + unit, 1, num_units),
                    *(d_gates, panel_at, num_real_rows),
                )
        for row in range(num_real_rows):
            at = p * table_size + ids[t * num_rows + first_row + row] * TILE_COLUMNS
            add_gates(d_table, at, d_gates, panel_at + row * TILE_COLUMNS)


@compiled
def advance(u, table, num_units, ids, h, c):
    """Move states h and c (N, H) one character on, a few rows at a time through memory that stays in the cache."""
    num_states, num_real_units = h.shape
    size = ROWS_AT_ONCE * num_units
    old_h, new_h = np.zeros(size, np.float32), np.zeros(size, np.float32)
    old_c, new_c = np.zeros(size, np.float32), np.zeros(size, np.float32)
    some_ids = np.zeros(ROWS_AT_ONCE, np.int32)
    for start in range(0, num_states, ROWS_AT_ONCE):
        num_rows = min(ROWS_AT_ONCE, num_states - start)
        for row in range(num_rows):
            some_ids[row] = ids[start + row]
            at = row * num_units
            old_h[at : at + num_real_units] = h[start + row]
            old_c[at : at + num_real_units] = c[start + row]
        for p in range(num_units // LANES):
            for row in range(0, num_rows, TILE_ROWS):
                here = row * num_units + p * LANES
                step(
                    *(old_h, row * num_units, num_units, u, p * num_units * TILE_COLUMNS, table, p * TILE_COLUMNS),
                    *(some_ids, row, old_c, here, num_units, new_c, here, new_h, here, None, 0, None, 0),
                )
        for row in range(num_rows):
            at = row * num_units
            h[start + row] = new_h[at : at + num_real_units]
            c[start + row] = new_c[at : at + num_real_units]
