"""The held-out text as the experiments of a study predict it: the same characters, alone and mixed with n-grams.

Experiments may hold out parts of different length, and predict tokens of different length. What compares them is the
part that all of them predict, counted in characters from the end of the text.

Shapes: M held-out tokens, T tokens of a window, n = M - T predicted tokens, O orders of n-grams.
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
from stages.core.kernels import elementary
from stages.core.networks.network import Network
from stages.core.pipeline.errors import UserError
from stages.core.text.windows import WindowData

MOST_HELD_OUT = 200_000  # tokens
WEIGHTS = tuple((i + 0.5) / 20 for i in range(20))  # of the n-grams; the network has the rest


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """What a network says of its held-out text."""

    nats: NDArray[np.float64]  # (n,) -ln p of each token
    nats_mixed: NDArray[np.float64]  # (n,) the same with n-grams
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
    before = np.concatenate([data.training_ids[-MOST_COMPARED:], ids[:window_length]])
    ngrams = held_out_probabilities(before, ids[window_length:], data.tokenizer.size, max_order)
    lengths = data.tokenizer.lengths[ids[window_length:]].astype(np.int64)
    after = data.num_characters(data.validation_ids[len(ids) :])
    return Prediction(
        nats=nats,
        nats_mixed=mixed(nats, np.stack(list(ngrams.values()))),
        ends=after + np.concatenate([np.cumsum(lengths[::-1])[::-1], [0]]),
    )


def mixed(nats: NDArray[np.float64], ngrams: NDArray[np.float64]) -> NDArray[Any]:
    """Return -ln p of every token, (n,), by a network and n-grams together, with no weight chosen.

    Each order of the n-grams with each weight is a model. Bayes' rule mixes them: equal at first, then each counts as
    much as its probability of all tokens so far. The mixture of K models takes at most ln(K) nats more than the best
    of them, for the whole text. A weight chosen on training text would be too small: a network that has learned this
    text by heart needs no n-grams there.

    Args:
        nats: (n,) -ln p of each token by the network.
        ngrams: (O, n) probability of each token by the n-grams of each order.

    >>> nats = np.full(1000, np.log(4.0))  # the n-grams know twice as much
    >>> mixed(nats, np.full((1, 1000), 0.5)).round(2)[[0, -1]].tolist()  # -ln 3/8, then -ln 0.49
    [0.98, 0.71]
    """
    of_all = np.full(len(nats), -np.inf)
    for probabilities in ngrams:
        for weight in WEIGHTS:
            of_one = np.cumsum(elementary.log((1 - weight) * elementary.exp(-nats) + weight * probabilities))
            of_all = np.logaddexp(of_all, of_one)
    result: NDArray[Any] = -np.diff(of_all, prepend=math.log(len(ngrams) * len(WEIGHTS)))
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
