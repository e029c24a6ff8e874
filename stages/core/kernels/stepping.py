"""One step of many states over token ids, for writing text; sequences.py trains.

Shapes: N states, V tokens of the vocabulary, H units.
"""

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels import loops
from stages.core.kernels.packing import Float32Array, PackedWeights, check_array, check_ids


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
    check_ids(ids, packed.vocabulary_size)
    loops.step(packed.recurrent, packed.table, np.ascontiguousarray(ids), h, c)
