"""The one kind of error that a user can cause, and how a command ends because of it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

RUN_AGAIN = "Run the same command again to continue."


class UserError(Exception):
    """Something the user can mend. Its text names the place, the rule, the value and what to do."""


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Say in one message that a file of the pipeline is damaged, where what is in this block cannot read it."""
    try:
        yield
    except (ValueError, KeyError, TypeError, IndexError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path}: damaged ({reason}). Run `dvc checkout`, or `dvc repro` to make it again.") from None


def run(main: Callable[[], None], if_interrupted: str = RUN_AGAIN) -> None:
    """Call `main`; on an expected error print one message and leave with exit status 1.

    Args:
        main: what a stage or a command does.
        if_interrupted: what a person who pressed Ctrl-C has to know, one sentence.
    """
    try:
        main()
    except UserError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit(f"\nInterrupted. {if_interrupted}")
    except MemoryError as error:
        sys.exit(f"Error: not enough memory. {error}. Lower what is large in params.yaml, or use a larger machine.")
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        missing = isinstance(error, FileNotFoundError)
        advice = "`dvc repro` makes what is missing" if missing else "Mend that and run the same command again"
        reason = f"{error.filename or 'output'}: {error.strerror or error}"
        sys.exit(f"Error: {reason}. Nothing half-written was left. {advice}.")
