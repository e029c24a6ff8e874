"""Locks between processes of one machine, in whatever container they run. A lock ends with its process."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock while the block runs; only one process at a time does.

    Args:
        path: file to lock; it is made and stays.
        on_wait: is called once if another process holds the lock.
    """
    handle = hold(path, on_wait)
    try:
        yield
    finally:
        os.close(handle)


def hold(path: Path, on_wait: Callable[[], None] = lambda: None) -> int:
    """Take a lock until this process ends or closes the returned handle; arguments as of `exclusive`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not locked(handle):
            on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):  # a file system without locks
            os.close(handle)
            raise
    except BaseException:  # Ctrl-C while waiting
        os.close(handle)
        raise
    return handle


def is_held(path: Path) -> bool:
    """Tell whether a living process holds the lock of a file."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not locked(handle)
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(handle)


def locked(handle: int) -> bool:
    """Try to lock an open file or folder until it is closed; return False if another process holds the lock.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
