"""The error that a user can fix, and how a command ends: by an error, by Ctrl-C, by a signal."""

import csv
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from stages.core.pipeline.progress import discard_unwritable_output
from stages.core.pipeline.visible import visible

RUN_AGAIN = "Run the same command again to continue."


class UserError(Exception):
    """Something the user can fix. Its text names the place, the rule, the value and what to do."""


class Stopped(KeyboardInterrupt):
    """SIGTERM asked the process to end, or SIGHUP when its terminal was closed."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn an error of the block, which reads a file of the pipeline, into one message that the file is damaged."""
    try:
        yield
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError, csv.Error) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path}: damaged ({reason}). Run `dvc checkout`, or `dvc repro` to make it again.") from None


def run(main: Callable[[], None], if_interrupted: str = RUN_AGAIN) -> None:
    """Call `main`; on an expected error print one message and exit with status 1, on a signal with 128 + its number.

    Args:
        main: body of a stage or a command.
        if_interrupted: what a person who pressed Ctrl-C must know, one sentence.
    """
    try:
        with _signals_raise():
            _require_folder()
            main()
    except UserError as error:
        sys.exit(f"Error: {visible(str(error))}")
    except Stopped as stopped:
        with suppress(OSError):  # the terminal may be gone
            print(f"\nStopped by {signal.Signals(stopped.number).name}. {if_interrupted}", file=sys.stderr, flush=True)
        sys.exit(128 + stopped.number)
    except KeyboardInterrupt:
        sys.exit(f"\nInterrupted. {if_interrupted}")
    except MemoryError as error:
        sys.exit(f"Error: not enough memory. {error}. Lower what is large in params.yaml, or use a larger machine.")
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        missing = isinstance(error, FileNotFoundError)
        advice = "`dvc repro` makes what is missing" if missing else "Fix that and run the same command again"
        reason = f"{error.filename or 'output'}: {error.strerror or error}"
        discard_unwritable_output()
        sys.exit(f"Error: {visible(reason)}. Nothing half-written was left. {advice}.")


def _require_folder() -> None:
    """Refuse a current folder that was removed: every relative path would seem to be missing."""
    try:
        Path.cwd()
    except FileNotFoundError:
        raise UserError("the current folder was removed. Go to the project's folder (`cd`) and try again.") from None


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Raise Stopped when one of these signals arrives; a second one must not disturb the clean-up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # ignored before, as under `nohup`: stays ignored
    numbers = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is signal.SIG_DFL]

    def stop(number: int, frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for number in numbers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
