"""The LSTM written out in NumPy, float64, and its gradients by finite differences: slow, and nothing to get wrong.

Legend: B windows, T characters, V characters of the vocabulary, H units; P copies of all weights, computed together.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.networks.weights import Weights

Array = NDArray[Any]
NAMES = ("kernel", "recurrent kernel", "bias")


@dataclass(frozen=True)
class Example:
    """A batch of random ids and weights, and a random gradient with respect to the outputs."""

    ids: Array  # (B, T) int32
    weights: tuple[Array, ...]  # kernel (V, 4H), recurrent kernel (H, 4H), bias (4H,)
    dh: Array  # (B, H)

    @classmethod
    def random(cls, windows: int, characters: int, vocabulary: int, units: int, seed: int = 0) -> "Example":
        random = np.random.default_rng([seed, windows, characters, vocabulary, units])
        shapes = [(vocabulary, 4 * units), (units, 4 * units), (4 * units,)]
        weights = [random.normal(scale=0.5 / np.sqrt(units), size=shape).astype(np.float32) for shape in shapes]
        weights[0] *= np.sqrt(units)  # as large as one-hot input makes them in training
        ids = random.integers(vocabulary, size=(windows, characters), dtype=np.int32)
        return cls(ids, tuple(weights), random.normal(size=(windows, units)).astype(np.float32))


def outputs(ids: Array, kernel: Array, recurrent_kernel: Array, bias: Array) -> Array:
    """Return the outputs after the last character, (P, B, H); the weights have a leading axis P."""
    num_units = recurrent_kernel.shape[1]
    h = c = np.zeros((1, len(ids), num_units))
    for column in ids.T:
        z = kernel[:, column] + h @ recurrent_kernel + bias[:, None]  # (P, B, 4H)
        i, f, g, o = (z[..., n * num_units : (n + 1) * num_units] for n in range(4))
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
    return h


def logits(weights: Weights, ids: Array) -> Array:
    """Return the logits of the next character after each window (B, T), read from a state of zeros: (B, V)."""
    lstm = [w.astype(np.float64)[None] for w in (weights["kernel"], weights["recurrent_kernel"], weights["bias"])]
    made: Array = outputs(ids, *lstm)[0] @ weights["dense_kernel"] + weights["dense_bias"]
    return made


def logistic(x: Array) -> Array:
    result: Array = 1 / (1 + np.exp(-x))
    return result


def losses(example: Example, weights: list[Array]) -> Array:
    """Return sum(outputs * dh) for each copy of the weights, (P,)."""
    sums: Array = (outputs(example.ids, *weights) * example.dh.astype(np.float64)).sum(axis=(1, 2))
    return sums


def finite_differences(example: Example, step: float = 1e-5, at_once: int = 256) -> list[Array]:
    """Return the gradient of `losses` with respect to every single weight, by central differences."""
    weights = [w.astype(np.float64)[None] for w in example.weights]
    gradients = []
    for n, w in enumerate(weights):
        gradient = np.empty(w.size)
        for start in range(0, w.size, at_once):
            places = np.arange(start, min(start + at_once, w.size))
            sides = []
            for sign in (1, -1):
                moved = np.repeat(w, len(places), axis=0)
                moved.reshape(len(places), -1)[np.arange(len(places)), places] += sign * step
                sides.append(losses(example, [*weights[:n], moved, *weights[n + 1 :]]))
            gradient[places] = (sides[0] - sides[1]) / (2 * step)
        gradients.append(gradient.reshape(w.shape[1:]))
    return gradients


def relative_error(received: Array, expected: Array) -> float:
    """Return |received - expected| / |expected|, Euclidean norms over all elements."""
    difference = received.astype(np.float64) - expected
    return float(np.linalg.norm(difference) / max(np.linalg.norm(expected), np.finfo(np.float64).tiny))
