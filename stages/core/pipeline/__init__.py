"""What every stage uses: settings, files, errors, progress, start and end.

A stage imports this package first. Until the stage has begun, which takes seconds, Ctrl-C is handled here, and
standard streams that are closed are opened here.
"""

import os
import sys
from types import TracebackType


def _interrupted_early(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """End as `errors.run` does, with one line and exit status 1, instead of a traceback."""
    if issubclass(kind, KeyboardInterrupt):
        print("\nInterrupted. Run the same command again to continue.", file=sys.stderr)
        raise SystemExit(1)
    sys.__excepthook__(kind, error, traceback)


def _open_standard_streams() -> None:
    """Open standard streams that are closed (`2>&-`) on the null device.

    Otherwise the first file that is opened gets their number, and a C library that prints would write into it.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:  # gets the lowest number that is free
        os.set_inheritable(handle, True)
    os.close(handle)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


_open_standard_streams()
_main = getattr(sys.modules["__main__"], "__spec__", None)
if _main is not None and _main.name.startswith("stages."):  # `python -m stages.train`; other programs keep theirs
    sys.excepthook = _interrupted_early
