"""N-grams of characters, the model to beat.

Shapes: N characters of training text, M characters of held-out text, V characters of the vocabulary.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline import progress

Ids = NDArray[Any]


def held_out_probabilities(
    training: Ids, held_out: Ids, vocabulary_size: int, max_order: int
) -> dict[int, NDArray[np.float64]]:
    """Return for each order from 1 to `max_order` the probability of every held-out character, (M,).

    Interpolated Witten-Bell smoothing (Chen and Goodman, "An Empirical Study of Smoothing Techniques", 1998, section
    2.5): with h the n - 1 characters before c, N(h) how often they occurred, D(h) how many distinct characters
    followed,

        p_n(c | h) = (count(hc) + D(h) p_{n-1}(c | h')) / (N(h) + D(h)),    p_0(c) = 1 / V.

    Args:
        training: (N,) ids.
        held_out: (M,) ids of the text that follows: the contexts of its first characters reach back into training.
        vocabulary_size: V.
        max_order: order n sees n - 1 characters.
    """
    both = np.concatenate([training, held_out])
    num_training = len(training)
    contexts = np.zeros(len(both), np.int32)  # the empty one; a number for each distinct context
    p = np.full(len(held_out), 1 / vocabulary_size)
    probabilities = {}
    for order in progress.bar(range(1, max_order + 1), desc="n-grams"):
        grams = _numbered(contexts.astype(np.int64) * vocabulary_size + both)
        seen = slice(order - 1, num_training)  # the first characters of a text have shorter contexts
        gram_counts = np.bincount(grams[seen], minlength=int(grams.max(initial=0)) + 1)
        context_counts = np.bincount(contexts[seen], minlength=int(contexts.max(initial=0)) + 1)
        context_of_gram = np.zeros(len(gram_counts), np.int32)
        context_of_gram[grams] = contexts
        num_followers = np.bincount(context_of_gram[gram_counts > 0], minlength=len(context_counts))
        now = slice(num_training, None)
        total = context_counts[contexts[now]] + num_followers[contexts[now]]
        mixed = gram_counts[grams[now]] + num_followers[contexts[now]] * p
        p = np.where(total > 0, mixed / np.maximum(total, 1), p)
        probabilities[order] = p
        # the context of the next character, longer by one, is the gram that ends here; 0 is that of the first
        contexts[1:] = grams[:-1] + 1
        contexts[:1] = 0
    return probabilities


def _numbered(keys: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return for each key its place among the distinct ones, sorted."""
    order = np.argsort(keys).astype(np.int32)
    keys = keys[order]
    is_new = np.zeros(len(keys), np.int32)
    is_new[1:] = keys[1:] != keys[:-1]
    numbers = np.empty(len(keys), np.int32)
    numbers[order] = np.cumsum(is_new, dtype=np.int32)
    return numbers
