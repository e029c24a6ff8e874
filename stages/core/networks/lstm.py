"""The LSTM as a sampler sees it: after each token, the logits of the next, from exactly the last T tokens.

In training every window starts from a state of zeros, so the next token must come from a state that has seen
exactly the last T tokens. Running T steps for each token would be slow. Instead the states of the T windows that are
under way are kept, one begun at each of the last T tokens, and all of them move one step at each token: one large
product instead of T small ones. The oldest has then seen exactly T tokens; it gives the logits and makes room for a new
one.

Shapes: N streams, T tokens of a window, H units, V tokens of the vocabulary.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels.lstm import pack, step
from stages.core.networks.description import NetworkDescription
from stages.core.networks.weights import Layout, Weights


def layout(description: NetworkDescription) -> Layout:
    """Return for each array its place in a weights file and its shape. Gates: input, forget, cell, output.

    Raises:
        ValueError: the settings are not those of an LSTM.
    """
    if description.settings.keys() != {"units"}:
        raise ValueError("settings of an lstm must be units")
    size, units = description.tokenizer.size, description.settings["units"]
    return {
        "kernel": ("layers/character_lstm/cell/vars/0", (size, 4 * units)),
        "recurrent_kernel": ("layers/character_lstm/cell/vars/1", (units, 4 * units)),
        "bias": ("layers/character_lstm/cell/vars/2", (4 * units,)),
        "dense_kernel": ("layers/dense/vars/0", (units, size)),
        "dense_bias": ("layers/dense/vars/1", (size,)),
    }


def stepper(weights: Weights, description: NetworkDescription, num_streams: int) -> "SlidingLSTM":
    """Return the function that gives the logits of the next token of each stream."""
    return SlidingLSTM(weights, num_streams, description.window_length)


class SlidingLSTM:
    """Is given one token of each stream at a time; returns the logits of the next.

    Before T tokens have come, the logits are from as many as there were.
    """

    def __init__(self, weights: Weights, num_streams: int, window_length: int) -> None:
        num_units = len(weights["recurrent_kernel"])
        self._packed = pack(weights["kernel"], weights["recurrent_kernel"], weights["bias"])
        self._dense_kernel = weights["dense_kernel"]
        self._dense_bias = weights["dense_bias"]
        self._h = np.zeros((window_length, num_streams, num_units), np.float32)  # (T, N, H)
        self._c = np.zeros_like(self._h)
        self._num_given = 0

    def __call__(self, ids: NDArray[Any]) -> NDArray[np.float32]:
        """Take the next token of each stream, (N,); return logits (N, V)."""
        window_length, _, num_units = self._h.shape
        newest = self._num_given % window_length
        self._h[newest] = 0
        self._c[newest] = 0
        self._num_given += 1
        under_way = min(self._num_given, window_length)
        # the windows under way stand at the front of the arrays from the start on
        h, c = self._h[:under_way].reshape(-1, num_units), self._c[:under_way].reshape(-1, num_units)  # (T*N, H) views
        step(self._packed, np.tile(ids, under_way).astype(np.int32), h, c)
        oldest = self._num_given % window_length if under_way == window_length else 0
        # einsum adds in an order that does not depend on N, as a matrix product by BLAS does
        logits = np.einsum("nh,hv->nv", self._h[oldest], self._dense_kernel, optimize=False)
        return np.asarray(logits + self._dense_bias, np.float32)
