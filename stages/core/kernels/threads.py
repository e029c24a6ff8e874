"""Threads that share the passes of the LSTM.

A pass takes some milliseconds, so a thread that sleeps until it is woken comes late to each. These look for work again
and again instead: at once for some milliseconds, then after naps. They do so in compiled code, without Python's lock.
"""

import threading
import weakref
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels.jobs import JOB, LEAVE, NUM_COUNTERS, take_part


class LstmThreads:
    """Some threads, of which the one that calls is the first."""

    def __init__(self, num_threads: int) -> None:
        self.num_threads = num_threads
        self._counters = np.zeros(NUM_COUNTERS, np.int64)
        self._jobs = np.zeros(1, JOB)
        self._lock = threading.Lock()
        arguments = num_threads, self._counters, self._jobs
        # an empty job alone compiles it all: a thread that failed to would be waited for without end
        take_part(0, 1, np.zeros_like(self._counters), self._jobs)
        for thread in range(1, num_threads):
            threading.Thread(target=take_part, args=(thread, *arguments), daemon=True).start()
        weakref.finalize(self, _dismiss, self._lock, *arguments)

    def do(self, job: NDArray[Any]) -> None:
        """Do a job together.

        Args:
            job: (1,) of type JOB. The arrays that it points to must be there until it is done.
        """
        with self._lock:
            self._jobs[:] = job
            take_part(0, self.num_threads, self._counters, self._jobs)


@cache
def lstm_threads(num_threads: int) -> LstmThreads:
    """Return the threads that all share who want so many."""
    return LstmThreads(num_threads)


def _dismiss(lock: threading.Lock, num_threads: int, counters: NDArray[Any], jobs: NDArray[Any]) -> None:
    with lock:
        jobs["kind"] = LEAVE
        take_part(0, num_threads, counters, jobs)
