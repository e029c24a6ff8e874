"""How many threads the kernel uses."""

import os

from stages.core.pipeline.errors import UserError

NUM_THREADS_VARIABLE = "ZARATHUSTRA_NUM_THREADS"


def default_num_threads() -> int:
    """Return ZARATHUSTRA_NUM_THREADS, or the number of processors that this process may use.

    Raises:
        UserError: the variable is neither empty nor an integer >= 1.
    """
    wanted = os.environ.get(NUM_THREADS_VARIABLE)
    if not wanted:
        # macOS does not tell
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not wanted.isdecimal() or int(wanted) < 1:
        raise UserError(f"{NUM_THREADS_VARIABLE} must be an integer >= 1. Received: {wanted!r}. Correct or unset it.")
    return int(wanted)
