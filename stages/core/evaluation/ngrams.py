"""What simpler models reach on the same held-out text: n-grams of characters, and a general compressor.

Legend: N characters, V characters of the vocabulary.
"""

import bz2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline import progress

MAX_CHARACTERS = 20_000_000  # of training text: sorting takes memory
Ids = NDArray[Any]


def ngram_bits_per_char(training: Ids, held_out: Ids, vocabulary_size: int, max_order: int) -> dict[int, float]:
    """Return the bits per character of n-gram models of orders 1 to `max_order` on held-out text.

    Interpolated Witten-Bell smoothing (Chen and Goodman, "An Empirical Study of Smoothing Techniques", 1998, section
    2.5): with h the n - 1 characters before c, N(h) how often they occurred, D(h) how many distinct characters
    followed,

        p_n(c | h) = (count(hc) + D(h) p_{n-1}(c | h')) / (N(h) + D(h)),    p_0(c) = 1 / V.

    Args:
        training: (N,) ids; the last MAX_CHARACTERS of them are used.
        held_out: (N,) ids of the text that follows: the contexts of its first characters reach back into training.
        vocabulary_size: V.
        max_order: order n sees n - 1 characters.
    """
    probabilities = held_out_probabilities(training[-MAX_CHARACTERS:], held_out, vocabulary_size, max_order)
    return {order: float(-np.log2(p).mean()) for order, p in probabilities.items()}


def held_out_probabilities(
    training: Ids, held_out: Ids, vocabulary_size: int, max_order: int
) -> dict[int, NDArray[np.float64]]:
    """Return for each order the probability of every held-out character, (N,)."""
    both = np.concatenate([training, held_out]).astype(np.int64)
    num_training = len(training)
    contexts = np.zeros(len(both), np.int64)  # the empty one; a number for each distinct context
    p = np.full(len(held_out), 1 / vocabulary_size)
    probabilities = {}
    for order in progress.bar(range(1, max_order + 1), desc="n-grams"):
        if order > 1:
            # a context one longer: the context of the character before it, and that character
            longer = np.zeros_like(contexts)
            longer[1:] = contexts[:-1] * vocabulary_size + both[:-1] + 1
            contexts = np.unique(longer, return_inverse=True)[1]
        grams = np.unique(contexts * vocabulary_size + both, return_inverse=True)[1]
        seen = slice(order - 1, num_training)  # the first characters of a text have shorter contexts
        gram_counts = np.bincount(grams[seen], minlength=int(grams.max()) + 1)
        context_counts = np.bincount(contexts[seen], minlength=int(contexts.max()) + 1)
        context_of_gram = np.zeros(len(gram_counts), np.int64)
        context_of_gram[grams] = contexts
        num_followers = np.bincount(context_of_gram[gram_counts > 0], minlength=len(context_counts))
        now = slice(num_training, None)
        total = context_counts[contexts[now]] + num_followers[contexts[now]]
        mixed = gram_counts[grams[now]] + num_followers[contexts[now]] * p
        p = np.where(total > 0, mixed / np.maximum(total, 1), p)
        probabilities[order] = p
    return probabilities


def compressor_bits_per_char(training: str, held_out: str) -> float:
    """Return what held-out text adds to the size of the training text under bzip2, in bits per character.

    bzip2 is the strongest in Python's library for a text of this size.
    """
    text = training[-MAX_CHARACTERS:]
    return 8 * (_compressed_size(text + held_out) - _compressed_size(text)) / len(held_out)


def _compressed_size(text: str) -> int:
    return len(bz2.compress(text.encode(), compresslevel=9))
