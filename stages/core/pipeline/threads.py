"""Threads that end when the program is asked to end."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def stoppable_threads(num_threads: int) -> Iterator[tuple[ThreadPoolExecutor, threading.Event]]:
    """Yield a pool of threads, and an event that is set when the block fails or is stopped.

    Python waits for what threads are doing, even after Ctrl-C. So long work looks at the event, and ends.
    """
    stopped = threading.Event()
    with ThreadPoolExecutor(num_threads) as pool:
        try:
            yield pool, stopped
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
