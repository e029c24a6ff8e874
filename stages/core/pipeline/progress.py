"""Progress bars on a terminal, plain lines elsewhere."""

import io
import logging
import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def set_up_logging() -> None:
    """Send what stages say to standard output, one line each, without decoration."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # where a terminal lacks a character, as on standard error
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger("stages").setLevel(logging.INFO)
    logging.getLogger("__main__").setLevel(logging.INFO)


def bar(items: Iterable[Any] | None = None, **options: Any) -> Any:
    """Return a progress bar that disappears when done, and that is silent where there is no terminal."""
    return tqdm(items, leave=False, disable=not sys.stderr.isatty(), dynamic_ncols=True, **options)
