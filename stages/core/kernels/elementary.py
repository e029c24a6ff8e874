"""exp and logarithms of float64 arrays, by the C library's functions of one number.

NumPy has others for AVX-512, which differ from these in the last digit. `np.exp` in compiled code is the C library's.
"""

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels.compiling import compiled

Float64Array = NDArray[np.float64]


@compiled
def exp(x: Float64Array) -> Float64Array:
    """Return e to the power of each number."""
    return np.exp(x)


@compiled
def log(x: Float64Array) -> Float64Array:
    """Return the natural logarithm of each number, all > 0."""
    return np.log(x)


@compiled
def log2(x: Float64Array) -> Float64Array:
    """Return the logarithm to base 2 of each number, all > 0."""
    return np.log2(x)
