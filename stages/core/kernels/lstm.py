"""The LSTM over character ids on the CPU: the same mathematics as keras.layers.LSTM on one-hot input.

Offered: `Workspace`, `forward` and `backward` train; `pack` and `step` write text. README.md says what makes it fast,
and in which order it adds: the number of threads changes no bit.

Shapes: B windows, T characters each, V characters of the vocabulary, H units, N states.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels import loops
from stages.core.kernels.packing import Float32Array, PackedWeights, Part, check_array, from_column_blocks, parts_of
from stages.core.kernels.processors import default_num_threads

Gradients = tuple[Float32Array, Float32Array, Float32Array]


class Workspace:
    """The memory of a batch: `forward` leaves there what `backward` needs, until its next call.

    Args:
        num_rows: B.
        num_steps: T.
        vocabulary_size: V.
        num_units: H.
        num_threads: of both passes; by default as many as this process may use just then.
    """

    def __init__(
        self, num_rows: int, num_steps: int, vocabulary_size: int, num_units: int, num_threads: int | None = None
    ) -> None:
        self.num_threads = num_threads
        self.weights = PackedWeights(vocabulary_size, num_units)
        self.shape = num_rows, num_steps
        self.parts = [Part(rows, num_steps, self.weights) for rows in parts_of(num_rows)]


def forward(
    workspace: Workspace,
    ids: NDArray[Any],
    kernel: Float32Array,
    recurrent_kernel: Float32Array,
    bias: Float32Array,
) -> Float32Array:
    """Return the outputs after the last character, (B, H).

    Args:
        workspace: memory for these shapes.
        ids: (B, T), of any integer type.
        kernel: (V, 4H).
        recurrent_kernel: (H, 4H).
        bias: (4H,).

    Raises:
        ValueError: the shapes are not those of the workspace, or an id is not in the vocabulary.
    """
    weights = workspace.weights
    if ids.shape != workspace.shape:
        raise ValueError(f"ids must be of shape {workspace.shape}. Received: {ids.shape}.")
    _check_ids(ids, weights)
    weights.fill(kernel, recurrent_kernel, bias)

    def run(part: Part) -> None:
        part.ids[:] = ids[part.rows].T
        loops.forward(False, weights.recurrent, weights.table, part.ids, part.h, part.c, part.gates)

    _run(run, workspace)
    return np.concatenate([part.h[-1, :, : weights.num_units] for part in workspace.parts])


def backward(workspace: Workspace, dh: Float32Array) -> Gradients:
    """Return the gradients of kernel (V, 4H), recurrent_kernel (H, 4H) and bias (4H,).

    Args:
        workspace: as `forward` left it.
        dh: (B, H), the gradient with respect to the outputs.

    Raises:
        ValueError: the shape of dh is another.
    """
    weights = workspace.weights
    num_units = weights.num_units
    check_array("dh", dh, (workspace.shape[0], num_units))
    transposed = weights.transposed()

    def run(part: Part) -> None:
        part.dh[:, :num_units] = dh[part.rows]
        part.dh[:, num_units:] = 0
        part.dc[:] = 0
        loops.backward(
            *(False, transposed, part.ids, part.h, part.c, part.gates),
            *(part.dh, part.dc, part.d_outputs, part.d_recurrent, part.d_table),
        )

    _run(run, workspace)
    d_table = reduce(np.add, [part.d_table for part in workspace.parts])
    d_recurrent = from_column_blocks(reduce(np.add, [part.d_recurrent for part in workspace.parts]))
    d_kernel = weights.real(d_table)
    return d_kernel, weights.real(d_recurrent)[:num_units], d_kernel.sum(axis=0)


def pack(kernel: Float32Array, recurrent_kernel: Float32Array, bias: Float32Array) -> PackedWeights:
    """Lay out weights (V, 4H), (H, 4H) and (4H,) for `step`.

    Raises:
        ValueError: the shapes do not fit each other, or a type is not float32.
    """
    packed = PackedWeights(len(kernel), len(recurrent_kernel))
    packed.fill(kernel, recurrent_kernel, bias)
    return packed


def step(packed: PackedWeights, ids: NDArray[np.int32], h: Float32Array, c: Float32Array) -> None:
    """Move states on by one character each, in place. The result of a row depends on that row alone.

    Args:
        packed: the weights.
        ids: (N,), the character that each state is given.
        h: (N, H) outputs, C-contiguous and writable.
        c: (N, H) cell states, as h.

    Raises:
        ValueError: a shape, type or layout is another, or an id is not in the vocabulary.
    """
    for name, array in (("h", h), ("c", c)):
        check_array(name, array, (len(ids), packed.num_units))
        if not array.flags.carray:
            raise ValueError(f"{name} must be C-contiguous and writable.")
    check_array("ids", ids, (len(ids),), np.int32)
    _check_ids(ids, packed)
    loops.step(packed.recurrent, packed.table, np.ascontiguousarray(ids), h, c)


def _check_ids(ids: NDArray[Any], weights: PackedWeights) -> None:
    if ids.dtype.kind not in "iu":
        raise ValueError(f"ids must be integers. Received: {ids.dtype}.")
    if ids.size and not 0 <= ids.min() <= ids.max() < weights.vocabulary_size:
        raise ValueError(
            f"ids must lie between 0 and {weights.vocabulary_size - 1}. Received: {ids.min()} to {ids.max()}."
        )


def _run(work: Callable[[Part], None], workspace: Workspace) -> None:
    """Do the work of all parts; raise the error of one."""
    num_threads = min(workspace.num_threads or default_num_threads(), len(workspace.parts))
    if num_threads == 1:
        for part in workspace.parts:
            work(part)
        return
    futures = [_pool(num_threads).submit(work, part) for part in workspace.parts]
    wait(futures)  # none may still write when the error of another leaves
    for future in futures:
        future.result()


@cache
def _pool(num_threads: int) -> ThreadPoolExecutor:
    """Return the threads that all share who want this number."""
    return ThreadPoolExecutor(num_threads, thread_name_prefix="lstm")
