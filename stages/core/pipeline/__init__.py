"""What every stage stands on: settings, files, errors, progress, and how it begins and ends.

A stage imports this before what takes seconds: until it has begun, Ctrl-C is answered here.
"""

import sys
from types import TracebackType


def _interrupted_early(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """End as `errors.run` does, with one line and exit status 1, instead of a traceback."""
    if issubclass(kind, KeyboardInterrupt):
        print("\nInterrupted. Run the same command again to continue.", file=sys.stderr)
        raise SystemExit(1)
    sys.__excepthook__(kind, error, traceback)


_main = getattr(sys.modules["__main__"], "__spec__", None)
if _main is not None and _main.name.startswith("stages."):  # `python -m stages.train`; others keep their own hook
    sys.excepthook = _interrupted_early
