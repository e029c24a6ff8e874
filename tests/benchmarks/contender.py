"""The process of one contender: makes its work, then does it once for each line that comes in.

Prints a line when ready, then the seconds of each time. Started by measuring.Contender.
"""

import importlib
import json
import sys
import time


def main() -> None:
    """Make the work, do it as often as asked."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    module, function = sys.argv[1].split(":")
    work = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)(**json.loads(sys.argv[2]))
    print("ready", file=answers, flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        own_seconds = work()
        passed = time.perf_counter() - started
        print(passed if own_seconds is None else own_seconds, file=answers, flush=True)


if __name__ == "__main__":
    main()
