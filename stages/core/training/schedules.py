"""The learning rate over the whole training, as a factor of train.learning_rate."""

import math
from collections.abc import Callable

WARM_UP = 0.3  # of all steps
FIRST_FACTOR = 1 / 25
LAST_FACTOR = FIRST_FACTOR / 10_000


def constant(progress: float) -> float:
    """Return 1."""
    return 1.0


def one_cycle(progress: float) -> float:
    """Return the factor of one cycle: up along a cosine, then down to almost nothing.

    Smith and Topin, "Super-Convergence", 2018; the shares and factors are those of PyTorch's OneCycleLR.

    Args:
        progress: the share of all steps that is done, 0 to 1.

    >>> [round(one_cycle(p), 3) for p in (0, 0.15, 0.3, 0.65, 1)]
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """
    if progress < WARM_UP:
        return _cosine(FIRST_FACTOR, 1.0, progress / WARM_UP)
    return _cosine(1.0, LAST_FACTOR, (progress - WARM_UP) / (1 - WARM_UP))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


SCHEDULES: dict[str, Callable[[float], float]] = {"constant": constant, "one_cycle": one_cycle}
