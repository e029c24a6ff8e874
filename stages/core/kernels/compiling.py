"""How the functions of this folder are compiled."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

from stages.core.pipeline.files import sha256_of

CODE = sha256_of(*(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))[:16]


def compiled(function: Callable[..., Any]) -> Any:
    """Compile, once for all: what was compiled is kept beside the code, for as long as that stays as it is."""
    # Numba looks at the function's own file alone; the name brings in the code that it inlines
    function.__qualname__ += f"_{CODE}"
    return numba.njit(nogil=True, cache=True, error_model="numpy", boundscheck=False)(function)
