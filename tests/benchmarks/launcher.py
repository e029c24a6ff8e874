"""Runs a command; prints as JSON what it took. Small itself: a child's peak memory cannot be below its parent's."""

import json
import resource
import subprocess
import sys
import time


def main() -> None:
    """Run the command that the arguments are."""
    started = time.perf_counter()
    done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wall_s = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    units_per_mb = 1e6 if sys.platform == "darwin" else 1e6 / 1024  # bytes; KiB
    made = {
        "status": done.returncode,
        "wall_s": wall_s,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_rss_mb": used.ru_maxrss / units_per_mb,
        "output": done.stdout.decode(errors="replace"),
    }
    print(json.dumps(made))


if __name__ == "__main__":
    main()
