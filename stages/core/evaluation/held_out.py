"""The one number that compares any two models of a text: the bits that they need for each held-out character.

Every held-out token after the first window is predicted once, from the tokens before it, by the stepper that also
writes text. Tokens may be longer or shorter than a character, so the sum of their bits is divided by the number of
characters that they stand for.

Shapes: M held-out tokens, T tokens of a window, N streams side by side, S tokens that each stream predicts.
"""

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.evaluation.excerpts import held_out_ids
from stages.core.kernels import elementary
from stages.core.kernels.processors import default_num_threads
from stages.core.networks.network import Network
from stages.core.pipeline import progress
from stages.core.pipeline.threads import stoppable_threads
from stages.core.text.windows import WindowData

MOST_ROWS = 2048  # windows under way in all streams together
PIECE_IN_WINDOWS = 8  # each stream reads one window only to warm up


def held_out_bits_per_char(network: Network, data: WindowData) -> float:
    """Return the bits per held-out character, without those of the first window."""
    ids = held_out_ids(data)
    bits = math.fsum(held_out_nats(network, ids)) / math.log(2)
    return bits / data.num_characters(ids[network.window_length :])


def held_out_nats(network: Network, ids: NDArray[Any]) -> NDArray[np.float64]:
    """Return -ln p of every token after the first window, given the tokens before it, (M - T,)."""
    window_length = network.window_length
    num_predicted = len(ids) - window_length
    # a carried state depends on all that came before, so there is one stream, in order
    piece_length = num_predicted if network.description.carries_state else PIECE_IN_WINDOWS * window_length
    num_streams = max(1, MOST_ROWS // window_length)
    starts = np.arange(window_length, len(ids), piece_length)
    groups = np.split(starts, range(num_streams, len(starts), num_streams))
    with stoppable_threads(default_num_threads()) as (pool, stopped):
        pieces = pool.map(lambda group: _nats_of_streams(network, ids, group, piece_length, stopped), groups)
        shown = progress.bar(pieces, total=len(groups), desc="held-out text")
        return np.concatenate([piece.reshape(-1) for piece in shown])[:num_predicted]


def _nats_of_streams(
    network: Network, ids: NDArray[Any], starts: NDArray[np.int64], piece_length: int, stopped: threading.Event
) -> NDArray[np.float64]:
    """Return -ln p of the `piece_length` tokens from each start on, (N, S), each after a window to warm up.

    The event ends it early.
    """
    stepper = network.stepper(len(starts))
    before = starts - network.window_length
    length = min(piece_length, len(ids) - int(starts[0]))
    nats = np.zeros((len(starts), piece_length))
    for step in range(network.window_length + length - 1):
        if stopped.is_set():
            break
        # a stream that reaches the end goes on with the last token; what it predicts there is cut off
        logits = stepper(ids[np.minimum(before + step, len(ids) - 1)]).astype(np.float64)
        predicted = step - network.window_length + 1
        if predicted >= 0:
            targets = ids[np.minimum(starts + predicted, len(ids) - 1)]
            nats[:, predicted] = _nats(logits, targets)
    return nats


def _nats(logits: NDArray[np.float64], targets: NDArray[Any]) -> NDArray[np.float64]:
    """Return -ln softmax(logits) of the targets, (N,)."""
    below_largest = logits - logits.max(axis=1, keepdims=True)
    nats: NDArray[np.float64] = (
        elementary.log(elementary.exp(below_largest).sum(axis=1)) - below_largest[np.arange(len(logits)), targets]
    )
    return nats
