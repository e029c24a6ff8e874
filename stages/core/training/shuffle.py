"""A random order of any number of windows that takes no memory: a keyed permutation, computed where needed.

A shuffled list of a gigabyte's windows takes more memory than the text. A Feistel network over the next even
number of bits is a permutation of all numbers of that many bits; walking on from a number outside 0..size-1
until one inside is reached makes it a permutation of those (Black and Rogaway, "Ciphers with Arbitrary Finite
Domains", CT-RSA 2002, the generalised Feistel and cycle-walking ciphers).
"""

import numpy as np
from numpy.typing import NDArray

NUM_ROUNDS = 6
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, bits well spread: 2**64 over the golden ratio
HIGH_BITS = np.uint64(32)


class Permutation:
    """A permutation of 0..size-1 that `generator` decides.

    >>> permutation = Permutation(5, np.random.default_rng(0))
    >>> sorted(permutation(np.arange(5)).tolist())
    [0, 1, 2, 3, 4]
    """

    def __init__(self, size: int, generator: np.random.Generator) -> None:
        self.size = size
        self._half_bits = np.uint64(max(1, (max(size - 1, 1).bit_length() + 1) // 2))
        self._half_mask = np.uint64((1 << int(self._half_bits)) - 1)
        self._keys = generator.integers(0, 2**64, NUM_ROUNDS, np.uint64)

    def __call__(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which numbers stand at these positions, (n,) int64 to (n,) int64."""
        numbers = self._encrypt(positions.astype(np.uint64))
        while (outside := numbers >= self.size).any():
            numbers[outside] = self._encrypt(numbers[outside])
        return numbers.astype(np.int64)

    def _encrypt(self, numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
        left, right = numbers >> self._half_bits, numbers & self._half_mask
        for key in self._keys:
            mixed = (right ^ key) * MULTIPLIER
            mixed = (mixed ^ (mixed >> HIGH_BITS)) * MULTIPLIER
            left, right = right, left ^ ((mixed >> HIGH_BITS) & self._half_mask)
        return (left << self._half_bits) | right
