"""The parts of a batch: how the rows are cut, the memory of a part, and the threads that work on them.

Shapes: B rows of T steps in a batch, n of them in a part, V tokens, K inputs, H units, padded to H'; C = TILE_COLUMNS.
README.md draws the layout.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

import numpy as np

from stages.core.kernels.loops import NUM_GATES
from stages.core.kernels.packing import Float32Array, PackedWeights, aligned_zeros, padded
from stages.core.kernels.tile import TILE_COLUMNS

# Parts never wait for each other. The cut depends on the number of rows alone, so the number of threads changes no bit.
# Parts of 32 rows cost no time over the whole batch in one; parts of 16, a tenth.
MIN_PART_ROWS, MAX_PARTS = 32, 16
MIN_SMALL_PART_ROWS, MAX_SMALL_PARTS = 16, 4  # a small batch serves a few cores at that price


class Part:
    """The memory of some rows of a batch.

    Args:
        rows: which rows of the batch, n of them.
        num_steps: T.
        weights: for V and H'.
        num_inputs: K, where the input is numbers; None for ids.
        last_only: true if no step but the last has an output that counts.
        keeps_steps: true if the gradients of the gates are kept for all steps, to be summed up afterwards.
    """

    def __init__(
        self,
        rows: slice,
        num_steps: int,
        weights: PackedWeights,
        *,
        num_inputs: int | None,
        last_only: bool,
        keeps_steps: bool,
    ) -> None:
        num_rows, num_units = rows.stop - rows.start, weights.padded_units
        size = num_steps * num_rows
        self.rows = rows
        self.ids = np.arange(size, dtype=np.int32).reshape(num_steps, num_rows)  # of numbers: a row of z for each
        self.h = aligned_zeros(num_steps + 1, num_rows, num_units)  # the first is the initial state
        self.c = aligned_zeros(num_steps + 1, num_rows, num_units)
        self.gates = aligned_zeros(num_steps, NUM_GATES, num_rows, num_units)
        self.dh = aligned_zeros(num_rows, num_units)
        self.dc = aligned_zeros(num_rows, num_units)
        self.d_outputs = aligned_zeros(0 if last_only else num_steps, num_rows, num_units)
        self.d_recurrent = aligned_zeros(*weights.recurrent.shape)
        self.d_table = aligned_zeros(*weights.table.shape)
        self.d_z = aligned_zeros(size if keeps_steps else 0, NUM_GATES, num_units)
        self.x: Float32Array | None = None
        if num_inputs is not None:
            self.x = aligned_zeros(size, num_inputs)
            self.z = aligned_zeros(size, NUM_GATES, num_units)
            self.d_x = aligned_zeros(size, padded(num_inputs))
            self.d_kernel = aligned_zeros(NUM_GATES * num_units // TILE_COLUMNS, num_inputs, TILE_COLUMNS)


def parts_of(num_rows: int) -> list[slice]:
    """Return the rows of each part.

    >>> parts_of(50)
    [slice(0, 16, None), slice(16, 33, None), slice(33, 50, None)]
    """
    small = min(MAX_SMALL_PARTS, num_rows // MIN_SMALL_PART_ROWS)
    num_parts = max(1, small, min(MAX_PARTS, num_rows // MIN_PART_ROWS))
    return [slice(i * num_rows // num_parts, (i + 1) * num_rows // num_parts) for i in range(num_parts)]


def run(work: Callable[[Part], None], parts: Iterable[Part], num_threads: int) -> None:
    """Do the work of all parts; raise the error of one."""
    if num_threads == 1:
        for part in parts:
            work(part)
        return
    futures = [_pool(num_threads).submit(work, part) for part in parts]
    wait(futures)  # none may still write when the error of another leaves
    for future in futures:
        future.result()


@cache
def _pool(num_threads: int) -> ThreadPoolExecutor:
    """Return the threads that all share who want this number."""
    return ThreadPoolExecutor(num_threads, thread_name_prefix="lstm")
