"""The network as a sampler sees it: after each character, the logits of the next, from exactly the last T of them.

In training every window starts from a state of zeros, so the next character must come from a state that has seen
exactly the last T characters. Rather than run T steps for each character, keep the states of the T windows that
are under way, one begun at each of the last T characters, and move all of them one step at each character: one large
product instead of T small ones. The oldest has then seen exactly T, gives the logits, and makes place for a new one.

Legend: N streams, T characters of a window, H units, V characters of the vocabulary.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.compute.lstm_cpu import advance, pack
from stages.core.model.weights import Weights


class SlidingLSTM:
    """Is given one character of each stream at a time; returns the logits of the next.

    Before T characters have come, the logits are from as many as there were.
    """

    def __init__(self, weights: Weights, num_streams: int, window_length: int) -> None:
        num_units = weights.recurrent_kernel.shape[0]
        self._packed = pack(weights.kernel, weights.recurrent_kernel, weights.bias)
        self._dense_kernel = weights.dense_kernel
        self._dense_bias = weights.dense_bias
        self._h = np.zeros((window_length, num_streams, num_units), np.float32)  # (T, N, H)
        self._c = np.zeros_like(self._h)
        self._num_given = 0

    def __call__(self, ids: NDArray[Any]) -> NDArray[np.float32]:
        """Take the next character of each stream, (N,); return logits (N, V)."""
        window_length, _, num_units = self._h.shape
        newest = self._num_given % window_length
        self._h[newest] = 0
        self._c[newest] = 0
        self._num_given += 1
        under_way = min(self._num_given, window_length)
        # the windows under way stand at the front of the arrays from the start on
        h, c = self._h[:under_way].reshape(-1, num_units), self._c[:under_way].reshape(-1, num_units)  # (T*N, H) views
        advance(self._packed, np.tile(ids, under_way).astype(np.int32), h, c)
        oldest = self._num_given % window_length if under_way == window_length else 0
        # einsum adds in an order that does not depend on N, as a matrix product by BLAS does
        logits = np.einsum("nh,hv->nv", self._h[oldest], self._dense_kernel, optimize=False)
        return np.asarray(logits + self._dense_bias, np.float32)
