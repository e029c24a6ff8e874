"""Every random draw has a generator of its own, made of the seed and of what it is for."""

import zlib

import numpy as np


def generator(random_seed: int, purpose: str, *keys: float | str) -> np.random.Generator:
    """Return the generator for one purpose, such as the order of the windows in epoch 7.

    It depends on nothing that was drawn before, so any part of a run can be made again alone.

    >>> generator(0, "shuffle", 7).random() == generator(0, "shuffle", 7).random()
    True
    """
    name = "/".join([purpose, *(repr(float(k)) if isinstance(k, int | float) else k for k in keys)])
    return np.random.Generator(np.random.PCG64([random_seed, zlib.crc32(name.encode()), len(name)]))
