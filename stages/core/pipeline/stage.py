"""How every stage begins and ends: logging, errors, and a note of the time that it took."""

import time
from collections.abc import Callable
from pathlib import Path

from stages.core.pipeline import errors
from stages.core.pipeline.files import remove_abandoned, scratch_root, write_text
from stages.core.pipeline.progress import set_up_logging


def run(name: str, main: Callable[[], None], if_interrupted: str = errors.RUN_AGAIN) -> None:
    """Run a stage; `zarathustra plan` shows how long it took.

    Args:
        name: of the stage.
        main: what it does.
        if_interrupted: what a person who pressed Ctrl-C has to know, one sentence.
    """
    started = time.monotonic()

    def timed() -> None:
        remove_abandoned()
        main()
        write_text(seconds_path(name), f"{time.monotonic() - started:.1f}\n")

    set_up_logging()
    errors.run(timed, if_interrupted)


def seconds_path(name: str) -> Path:
    """Return where the time that a stage took last is noted: in the scratch, for no output may depend on it."""
    return scratch_root() / "seconds" / name
