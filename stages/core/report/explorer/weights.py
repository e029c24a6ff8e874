"""Which weights go into the page, and how: those of the best epoch exactly, those of a few others in half precision."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from stages.core.networks.network import Network
from stages.core.networks.weights import Weights

MAX_EXACT_WEIGHTS = 1_000_000  # a network with more goes in as float16, in its best epoch too
MAX_BYTES_OF_OTHERS = 3_000_000  # as base64: of all epochs but the best


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The weights of one epoch, float32 or float16."""

    epoch: int  # 0 is before training
    type: str  # of their numbers
    arrays: Weights = field(repr=False)

    @classmethod
    def of(cls, epoch: int, weights: Weights, type_name: str) -> "Snapshot":
        """Return the weights of an epoch as numbers of a type.

        >>> Snapshot.of(3, {"bias": np.array([1.0001], np.float32)}, "float16").arrays["bias"].tolist()
        [1.0]
        """
        largest = np.finfo(type_name).max
        arrays = {name: np.clip(array, -largest, largest).astype(type_name) for name, array in weights.items()}
        return cls(epoch=epoch, type=type_name, arrays=arrays)

    @property
    def num_bytes(self) -> int:
        """How long it is on the page, as base64."""
        return sum(base64_length(array.nbytes) for array in self.arrays.values())


def base64_length(num_bytes: int) -> int:
    """Return how many characters base64 takes.

    >>> base64_length(4)
    8
    """
    return 4 * math.ceil(num_bytes / 3)


def snapshots(best: tuple[int, Network], others: Iterable[tuple[int, Network]]) -> tuple[Snapshot, ...]:
    """Return the weights for the page, ascending by epoch.

    Args:
        best: the best epoch and its network.
        others: further ones, in the order of preference; as many as there is room for.
    """
    epoch, network = best
    is_small = network.description.num_weights <= MAX_EXACT_WEIGHTS
    chosen = [Snapshot.of(epoch, network.weights, "float32" if is_small else "float16")]
    room = MAX_BYTES_OF_OTHERS
    for epoch, network in others:
        snapshot = Snapshot.of(epoch, network.weights, "float16")
        room -= snapshot.num_bytes
        if room < 0:
            break
        chosen.append(snapshot)
    return tuple(sorted(chosen, key=lambda each: each.epoch))
