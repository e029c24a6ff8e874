"""What a command prints: log lines, progress bars on a terminal, and a standard output that may be gone."""

import io
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tqdm import tqdm

from stages.core.pipeline.visible import visible


def set_up_output() -> None:
    """Escape characters that the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def set_up_logging() -> None:
    """Send log lines of stages to standard output, without decoration. Work goes on if nobody can read them."""
    set_up_output()
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_StandardOutput(sys.stdout)])
    logging.getLogger("stages").setLevel(logging.INFO)
    logging.getLogger("__main__").setLevel(logging.INFO)


class _StandardOutput(logging.StreamHandler[Any]):
    """Writes log lines, harmless as names of files may not be, until the reader closes the pipe or the disk is full."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without control characters."""
        return visible(super().format(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is Python's)
        """Discard all further output."""
        if isinstance(sys.exc_info()[1], OSError):
            discard_output()
        else:
            super().handleError(record)


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """End the block quietly when the reader of standard output closes the pipe, as `head` does."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    except SystemExit:  # --help, or an error: its status counts
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            discard_output()
        raise


def bar(items: Iterable[Any] | None = None, **options: Any) -> Any:
    """Return a progress bar that disappears when done, and that is silent where there is no terminal."""
    return tqdm(items, leave=False, disable=not sys.stderr.isatty(), dynamic_ncols=True, **options)


def discard_output() -> None:
    """Send standard output nowhere. Python flushes what is left when it exits, and would complain."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def discard_unwritable_output() -> None:
    """Discard what Python would write when it exits, and complain about, if standard output takes no more."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        discard_output()


def time_text(seconds: float) -> str:
    """Return a duration as a person says it.

    >>> time_text(40), time_text(1500), time_text(30_000)
    ('40 s', '25 min', '8 h 20 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
