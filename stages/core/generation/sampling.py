"""Text, one character at a time, out of anything that gives the logits of the next one.

Legend: N streams that advance together, V characters of the vocabulary, T characters of a window, L characters to make.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels import elementary

Float64Array = NDArray[np.float64]
Ids = NDArray[Any]
NextLogits = Callable[[Ids], NDArray[np.floating]]  # (N,) the characters just made -> (N, V)
Filter = Callable[[Float64Array], Float64Array]  # (N, V) -> (N, V) probabilities


@dataclass(frozen=True)
class Generated:
    """What `generate` made."""

    ids: NDArray[np.int64]  # (N, L)
    entropies_nats: Float64Array  # (N, L), of the distribution that each character was drawn from


def softmax_with_temperature(logits: NDArray[np.floating], temperatures: Float64Array) -> Float64Array:
    """Return p_i ∝ exp(logit_i / T): low T sharpens the distribution, high T flattens it.

    T = 0 is greedy, all weight on the most likely character (the first of equals); T = inf is uniform.

    Args:
        logits: (N, V), or anything that differs from the log-probabilities by a constant.
        temperatures: (N,), each >= 0.

    >>> softmax_with_temperature(np.log([[0.1, 0.9]] * 3), np.array([0, 1, np.inf])).round(3).tolist()
    [[0.0, 1.0], [0.1, 0.9], [0.5, 0.5]]
    """
    logits = logits.astype(np.float64)
    # subtracting the maximum keeps exp from overflowing, and a tiny T from giving inf - inf
    below_largest = logits - logits.max(axis=-1, keepdims=True)  # (N, V), <= 0
    positive = temperatures > 0
    divisors = np.where(positive, temperatures, 1.0)[:, None]
    # a difference divided by a tiny T may overflow to -inf: weight 0, as it should be
    with np.errstate(over="ignore"):
        weights = elementary.exp(below_largest / divisors)
    greedy = np.zeros_like(weights)
    greedy[np.arange(len(logits)), logits.argmax(axis=-1)] = 1
    weights = np.where(positive[:, None], weights, greedy)
    probabilities: Float64Array = weights / weights.sum(axis=-1, keepdims=True)
    return probabilities


def entropy_nats(probabilities: Float64Array) -> Float64Array:
    """Return the entropy of each distribution, (..., V) to (...), in nats."""
    logarithms = elementary.log(np.where(probabilities > 0, probabilities, 1))
    entropies: Float64Array = np.maximum(-(probabilities * logarithms).sum(axis=-1), 0)  # never -0.0
    return entropies


def sample_categorical(probabilities: Float64Array, uniforms: Float64Array) -> NDArray[np.int64]:
    """Return one id from each distribution by inverting its cumulative sum.

    Args:
        probabilities: (N, V), of any positive sum.
        uniforms: (N,), each in [0, 1).

    >>> sample_categorical(np.array([[0.25, 0.75], [0.25, 0.75]]), np.array([0.2, 0.3])).tolist()
    [0, 1]
    """
    cumulative = probabilities.cumsum(axis=-1)
    # scaled by the sum that rounding really gave, so that the last character cannot be overrun
    ids: NDArray[np.int64] = (cumulative > (uniforms * cumulative[:, -1])[:, None]).argmax(axis=-1)
    return ids


def keep_top_k(k: int) -> Filter:
    """Return the filter that leaves the k most likely characters (more where several are equal)."""

    def filtered(probabilities: Float64Array) -> Float64Array:
        k_th = np.sort(probabilities, axis=-1)[:, -min(k, probabilities.shape[-1]), None]
        return np.where(probabilities >= k_th, probabilities, 0)

    return filtered


def keep_top_p(p: float) -> Filter:
    """Return the filter that leaves the fewest most likely characters that together reach probability p.

    Holtzman et al., "The Curious Case of Neural Text Degeneration", ICLR 2020.
    """

    def filtered(probabilities: Float64Array) -> Float64Array:
        order = np.argsort(-probabilities, axis=-1, kind="stable")
        descending = np.take_along_axis(probabilities, order, axis=-1)
        before = descending.cumsum(axis=-1) - descending
        kept = np.zeros_like(probabilities)
        np.put_along_axis(kept, order, np.where(before < p, descending, 0), axis=-1)
        return kept

    return filtered


def generate(
    next_logits: NextLogits,
    prompts: Ids,
    temperatures: Float64Array,
    uniforms: Float64Array,
    filters: tuple[Filter, ...] = (),
    on_token: Callable[[NDArray[np.int64]], bool] | None = None,
) -> Generated:
    """Continue each prompt at its own temperature.

    Args:
        next_logits: is given every character of each stream in turn; returns the logits of the next.
        prompts: (N, P) ids, P >= 1.
        temperatures: (N,).
        uniforms: (N, L) random numbers in [0, 1), one for each character to make.
        filters: applied to the probabilities before drawing.
        on_token: is given the ids (N,) just drawn; true ends the text after them.
    """
    ids = np.zeros(uniforms.shape, np.int64)
    entropies = np.zeros(uniforms.shape)
    for column in prompts.T:
        logits = next_logits(column)
    for i, uniform in enumerate(uniforms.T):
        if i:
            logits = next_logits(ids[:, i - 1])
        probabilities = softmax_with_temperature(logits, temperatures)
        for keep in filters:
            probabilities = keep(probabilities)
        entropies[:, i] = entropy_nats(probabilities / probabilities.sum(axis=-1, keepdims=True))
        ids[:, i] = sample_categorical(probabilities, uniform)
        if on_token is not None and on_token(ids[:, i]):
            return Generated(ids[:, : i + 1], entropies[:, : i + 1])
    return Generated(ids, entropies)
