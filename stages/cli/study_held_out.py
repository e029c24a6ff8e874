"""The held-out text as the experiments of a study predict it: the same characters, alone and mixed with n-grams.

Experiments may hold out parts of different length, and predict tokens of different length. What compares them is the
part that all of them predict, counted in characters from the end of the text.

Shapes: M held-out tokens, T tokens of a window, n = M - T predicted tokens.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.evaluation.excerpts import MOST_COMPARED, held_out_ids
from stages.core.evaluation.held_out import held_out_nats
from stages.core.evaluation.ngrams import held_out_probabilities
from stages.core.networks.network import Network
from stages.core.pipeline.errors import UserError
from stages.core.text.windows import WindowData

MOST_HELD_OUT = 200_000  # tokens
PIECE_LENGTH = 20_000  # tokens of the training part that decide the weight
WEIGHTS = tuple(i / 100 for i in range(51))


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """What a network says of its held-out text."""

    nats: NDArray[np.float64]  # (n,) -ln p of each token
    nats_mixed: NDArray[np.float64]  # (n,) the same with n-grams
    order: int  # of the n-grams
    weight: float  # of the n-grams; the network has the rest
    ends: NDArray[np.int64]  # (n + 1,) characters from the start of each token to the end of the text; last, its end

    def bits_per_char(self, nats: NDArray[np.float64], span: tuple[int, int]) -> float:
        """Return the bits per character on the whole tokens of a span, given one of the two rows of nats."""
        inside = (self.ends[:-1] <= span[0]) & (self.ends[1:] >= span[1])
        return math.fsum(nats[inside]) / math.log(2) / int(-np.diff(self.ends)[inside].sum())


def predict(network: Network, data: WindowData, max_order: int) -> Prediction:
    """Return what a network says of the first tokens of its held-out text, at most MOST_HELD_OUT.

    Args:
        network: that predicts.
        data: its windows.
        max_order: of the n-grams.
    """
    ids, window_length = held_out_ids(data, MOST_HELD_OUT), network.window_length
    nats = held_out_nats(network, ids)
    order, weight = weight_of_ngrams(network, data, max_order)
    before = np.concatenate([data.training_ids[-MOST_COMPARED:], ids[:window_length]])
    ngrams = held_out_probabilities(before, ids[window_length:], data.tokenizer.size, order)[order]
    lengths = data.tokenizer.lengths[ids[window_length:]].astype(np.int64)
    after = data.num_characters(data.validation_ids[len(ids) :])
    return Prediction(
        nats=nats,
        nats_mixed=mixed(nats, ngrams, weight),
        order=order,
        weight=weight,
        ends=after + np.concatenate([np.cumsum(lengths[::-1])[::-1], [0]]),
    )


def weight_of_ngrams(network: Network, data: WindowData, max_order: int) -> tuple[int, float]:
    """Return the order of the n-grams and their weight that fit the end of the training part best.

    The n-grams are counted before that piece. The network has trained on it, so they get less weight than they could
    use; but nothing is chosen on held-out text.
    """
    training, window_length = data.training_ids[-MOST_COMPARED:], network.window_length
    length = min(PIECE_LENGTH, len(training) // 4)
    ngrams = held_out_probabilities(training[:-length], training[-length:], data.tokenizer.size, max_order)
    nats = held_out_nats(network, training[-length - window_length :])
    choices = [(order, weight) for order in ngrams for weight in WEIGHTS]
    return min(choices, key=lambda choice: float(mixed(nats, ngrams[choice[0]], choice[1]).mean()))


def mixed(nats: NDArray[np.float64], ngrams: NDArray[np.float64], weight: float) -> NDArray[Any]:
    """Return -ln of the mixed probability of every token, (n,).

    >>> mixed(np.array([np.log(2)]), np.array([0.25]), 0.5).round(4).tolist()  # -ln 3/8
    [0.9808]
    """
    result: NDArray[Any] = -np.log((1 - weight) * np.exp(-nats) + weight * ngrams)
    return result


def common_span(predictions: Collection[Prediction]) -> tuple[int, int]:
    """Return from where to where all predict, in characters to the end of the text.

    Raises:
        UserError: there is no such part.
    """
    first, last = min(int(each.ends[0]) for each in predictions), max(int(each.ends[-1]) for each in predictions)
    if first <= last:
        raise UserError(
            "The experiments hold out no part of the text in common. Give them one vectorize.validation_fraction."
        )
    return first, last
