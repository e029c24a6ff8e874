"""TensorFlow and Keras imported without the lines it prints at that moment, which no setting of its own turns off."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Send what C++ code writes to standard error nowhere; sys.stderr alone would not catch it."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


with _nothing_printed():
    import keras
    import tensorflow as tf

__all__ = ["keras", "tf"]
