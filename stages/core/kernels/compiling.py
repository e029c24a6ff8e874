"""How the functions of this folder are compiled."""

from collections.abc import Callable
from typing import Any

import numba

from stages.core.kernels.cache import keep


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function when it is first called, without Python's lock, and keep what was compiled."""
    return keep(numba.njit(nogil=True, error_model="numpy", boundscheck=False)(function))
