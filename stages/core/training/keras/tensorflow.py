"""TensorFlow and Keras, imported quietly, and so that they compute the same bytes on x86-64 processors of any width.

TensorFlow multiplies matrices with oneDNN, which writes its code for the processor that it finds, and adds in another
order with AVX-512 than with AVX2. Without the two settings below the weights differ from the first step on.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

# whatever the user's shell says: these decide bytes
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # TensorFlow's own operations, as it chooses them for AVX2
os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"  # those operations use oneDNN's product, too
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Send what C++ code writes to standard error nowhere. No setting of its own turns it off, nor does sys.stderr."""
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
