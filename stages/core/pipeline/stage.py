"""How every stage begins and ends: command line, logging, errors, and a note of the time that it took."""

import argparse
import time
from collections.abc import Callable
from typing import NoReturn

from stages.core.pipeline import errors, timing
from stages.core.pipeline.files import remove_abandoned
from stages.core.pipeline.progress import set_up_logging
from stages.core.pipeline.visible import visible


class Parser(argparse.ArgumentParser):
    """A parser whose messages repeat what was typed without the control characters in it."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message, exit with status 2."""
        super().error(visible(message))


def parser(docstring: str | None) -> argparse.ArgumentParser:
    """Return the parser of a stage's command line, described by the first line of the module's docstring.

    Python has no docstrings under PYTHONOPTIMIZE=2.
    """
    return Parser(description=(docstring or "").partition("\n")[0])


def run(name: str, main: Callable[[], None], if_interrupted: str = errors.RUN_AGAIN) -> None:
    """Run a stage; `zarathustra plan` shows how long it took.

    Args:
        name: of the stage.
        main: does the work of the stage.
        if_interrupted: one sentence for a person who pressed Ctrl-C.
    """
    started = time.monotonic()

    def timed() -> None:
        remove_abandoned()
        main()
        timing.note_seconds(name, time.monotonic() - started)

    set_up_logging()
    errors.run(timed, if_interrupted)
