"""The loops of the LSTM over steps, panels and tiles, compiled. lstm_cpu.py lays out the memory and calls them.

Legend: as in lstm_cpu.py. `num_rows` is B', `num_units` is H'; `first` and `last` bound the tiles of rows, or the
panels, that one thread works on. All arrays are flat unless they say otherwise.
"""

from pathlib import Path

import numba
import numpy as np

from stages.core.common.files import sha256_of
from stages.core.compute import tiles, vectors
from stages.core.compute.tiles import add_gates, add_product, prefetch_step, step, step_gradient
from stages.core.compute.vectors import LANES, TILE_COLUMNS, TILE_ROWS

INLINED_CODE = sha256_of(*(Path(str(module.__file__)).read_bytes() for module in (tiles, vectors)))[:16]
ROWS_AT_ONCE = 8 * TILE_ROWS  # of `advance`: their states stay in the first-level cache


def _compiled(function):
    """Compile, once for all: what was compiled is kept beside this file, for as long as the code stays as it is."""
    # Numba looks at the time of this file alone; the name brings in the code that it inlines
    function.__qualname__ += f"_{INLINED_CODE}"
    return numba.njit(nogil=True, cache=True, error_model="numpy", boundscheck=False)(function)


@_compiled
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


@_compiled
def backward(first, last, num_steps, num_rows, num_units, transposed, c, tanh_c, gates, dh, dc):
    """Turn the gates of some tiles of rows into their gradients, from the last step to the first.

    dh (2, B', H') is given for the last step; from there its two parts take turns, step after step.
    """
    num_panels = num_units // LANES
    size = num_rows * num_units
    dh_at, dh_before_at = 0, size
    for t in range(num_steps - 1, -1, -1):
        dh[dh_before_at + first * TILE_ROWS * num_units : dh_before_at + last * TILE_ROWS * num_units] = 0
        for p in range(num_panels):
            panel_at = (t * num_panels + p) * num_rows * TILE_COLUMNS
            for row in range(first * TILE_ROWS, last * TILE_ROWS):
                gates_at = panel_at + row * TILE_COLUMNS
                unit = row * num_units + p * LANES
                here = t * size + unit
                step_gradient(gates, gates_at, c, here, tanh_c, here, dh, dh_at + unit, dc, unit)
            if t == 0:
                continue
            next_t, next_p = (t, p + 1) if p + 1 < num_panels else (t - 1, 0)
            for q in range(num_units // TILE_COLUMNS):
                right_at = (q * num_panels + p) * TILE_COLUMNS * TILE_COLUMNS
                for row in range(first * TILE_ROWS, last * TILE_ROWS, TILE_ROWS):
                    add_product(
                        *(dh, dh_before_at + row * num_units + q * TILE_COLUMNS, num_units),
                        *(gates, panel_at + row * TILE_COLUMNS, TILE_COLUMNS, 1),
                        *(transposed, right_at, TILE_COLUMNS),
                    )
                    if q == 0:  # what comes next is asked for early; waiting for it took a tenth of this pass
                        for next_row in range(row, row + TILE_ROWS):
                            gates_at = ((next_t * num_panels + next_p) * num_rows + next_row) * TILE_COLUMNS
                            here = next_t * size + next_row * num_units + next_p * LANES
                            prefetch_step(gates, gates_at, c, here, tanh_c, here)
        dh_at, dh_before_at = dh_before_at, dh_at


@_compiled
def sum_gradients(first, last, num_steps, num_real_rows, num_rows, num_units, ids, h, gates, d_recurrent, d_table):
    """Sum some panels' gradients of the recurrent weights (P, H', 4, LANES) and of the table (P, V, 4, LANES)."""
    num_panels = num_units // LANES
    num_tiles = -(-num_units // TILE_ROWS)
    panel_size = num_tiles * TILE_ROWS * TILE_COLUMNS
    table_size = len(d_table) // num_panels
    d_recurrent[first * panel_size : last * panel_size] = 0
    d_table[first * table_size : last * table_size] = 0
    for t in range(num_steps):
        for p in range(first, last):
            gates_at = (t * num_panels + p) * num_rows * TILE_COLUMNS
            if t:
                for tile in range(num_tiles):
                    unit = tile * TILE_ROWS
                    add_product(
                        *(d_recurrent, p * panel_size + unit * TILE_COLUMNS, TILE_COLUMNS),
                        *(h, t * num_rows * num_units + unit, 1, num_units, gates, gates_at, num_real_rows),
                    )
            for row in range(num_real_rows):
                at = p * table_size + ids[t * num_rows + row] * TILE_COLUMNS
                add_gates(d_table, at, gates, gates_at + row * TILE_COLUMNS)


@_compiled
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
