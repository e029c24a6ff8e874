"""Keeps compiled functions on disk, as Numba does, but once for all copies of the project.

Copies are frequent: each temporary or queued experiment of DVC is one, and would compile for half a minute. Damaged
files and folders that cannot be written end nothing. Nothing here changes what is compiled.
"""

import logging
from functools import cache
from pathlib import Path
from typing import Any

from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)
from numba.misc.appdirs import AppDirs

from stages.core.pipeline.files import sha256_of

logger = logging.getLogger(__name__)
CODE = sha256_of(*(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))[:16]


class _ForAllCopies(UserWideCacheLocator):
    """A folder of the user for this version of the code, wherever it lies. Numba compares the contents of the file."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._cache_path = str(Path(AppDirs("zarathustra", appauthor=False).user_cache_dir, CODE))


class _Files(CompileResultCacheImpl):
    # NUMBA_CACHE_DIR first; beside the code where the user has no folder
    _locator_classes = [UserProvidedCacheLocator, _ForAllCopies, InTreeCacheLocator]  # noqa: RUF012 (as in Numba)


class _Cache(FunctionCache):
    _impl_class = _Files

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Return what was compiled, or None; after a power cut, files may be empty or cut short."""
        try:
            return super().load_overload(signature, target_context)
        except Exception:  # damaged pickles raise nearly every class
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        """Keep what was compiled, if that can be done."""
        try:
            super().save_overload(signature, data)
        except OSError:
            _warn()
        except Exception:  # it reads the index first, and that may be damaged
            self.flush()
            super().save_overload(signature, data)


def keep(dispatcher: Any) -> Any:
    """Make a function of `numba.njit` keep what it compiles, for as long as the code of this folder stays as it is."""
    # Numba looks at the function's own file alone; the name brings in the code that it inlines
    dispatcher.py_func.__qualname__ += f"_{CODE}"
    try:
        dispatcher._cache = _Cache(dispatcher.py_func)
    except RuntimeError:
        _warn()
    return dispatcher


@cache
def _warn() -> None:
    logger.warning(
        "The compiled kernel cannot be kept, so each program compiles it anew: about half a minute. "
        "Set NUMBA_CACHE_DIR to a folder that can be written."
    )
