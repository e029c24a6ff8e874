"""The stages of the pipeline, one module each, named as in dvc.yaml and params.yaml.

This is imported before anything else that a stage needs, some of it for seconds: here Ctrl-C is answered until then.
"""

import sys
from types import TracebackType


def _interrupted_early(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """End as `errors.run` does, with one line and exit status 1, instead of a traceback."""
    if issubclass(kind, KeyboardInterrupt):
        print("\nInterrupted. Run the same command again to continue.", file=sys.stderr)
        raise SystemExit(1)
    sys.__excepthook__(kind, error, traceback)


if sys.argv[0] == "-m":  # so it is while `python -m stages.train` imports this package; others keep their own hook
    sys.excepthook = _interrupted_early
