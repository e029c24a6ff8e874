"""What the steppers of recurrent networks share: which state the next token comes from.

A network that carries its state has one for each stream, and takes one step for each token.

One that was trained on windows which all start from zeros must read the next token from a state that has seen exactly
the last T tokens. Running T steps for each token would be slow. Instead the states of the T windows that are under way
are kept, one begun at each of the last T tokens, and all of them move one step at each token: one large product instead
of T small ones. The oldest has then seen exactly T tokens; it gives the logits and makes room for a new one.

Shapes: N streams, T tokens of a window, H units, V tokens of the vocabulary.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.networks.description import NetworkDescription
from stages.core.networks.product import Product
from stages.core.networks.weights import Float32Array, Layout, Weights

State = list[tuple[Float32Array, ...]]  # for each layer its states, (n, H) each
Step = Callable[[NDArray[np.int32], State], Float32Array]  # ids (n,); moves the states on; outputs (n, H)


class RecurrentStepper:
    """Is given one token of each stream at a time; returns the logits of the next.

    Before T tokens have come, the logits are from as many as there were.

    Args:
        step: moves states on by one token.
        weights: of the network.
        description: of the network.
        num_streams: N.
        num_states: of each layer: h, or h and c.
    """

    def __init__(
        self, step: Step, weights: Weights, description: NetworkDescription, num_streams: int, *, num_states: int
    ) -> None:
        self._step = step
        self._dense = Product(weights["dense_kernel"], weights["dense_bias"])
        self._num_under_way = 1 if description.carries_state else description.window_length
        # grows up to T as tokens come: a short prompt to a network of long windows needs little memory
        shape = (1, num_streams, description.settings["units"])
        layers = range(description.settings["num_layers"])
        self._state = [tuple(np.zeros(shape, np.float32) for _ in range(num_states)) for _ in layers]
        self._num_given = 0
        self._carries_state = description.carries_state

    def __call__(self, ids: NDArray[Any]) -> Float32Array:
        """Take the next token of each stream, (N,); return logits (N, V)."""
        newest = self._num_given % self._num_under_way
        self._num_given += 1
        under_way = min(self._num_given, self._num_under_way)
        if not self._carries_state:
            self._begin(newest)
        num_units = self._state[0][0].shape[-1]
        # the windows under way stand at the front of the arrays from the start on
        state = [tuple(a[:under_way].reshape(-1, num_units) for a in layer) for layer in self._state]  # views
        outputs = self._step(np.tile(ids, under_way).astype(np.int32), state)  # (n * N, H)
        oldest = self._num_given % self._num_under_way if under_way == self._num_under_way else 0
        last = outputs.reshape(under_way, -1, num_units)[oldest]
        return self._dense(last)

    def _begin(self, newest: int) -> None:
        """Let a window begin, with a state of zeros, in the place of the oldest or in a new one."""
        capacity = len(self._state[0][0])
        if newest >= capacity:
            more = min(2 * capacity, self._num_under_way) - capacity
            self._state = [tuple(np.pad(a, ((0, more), (0, 0), (0, 0))) for a in layer) for layer in self._state]
        for layer in self._state:
            for array in layer:
                array[newest] = 0


def require_settings(description: NetworkDescription) -> tuple[int, int]:
    """Return units and num_layers.

    Raises:
        ValueError: the settings of the network are others.
    """
    if description.settings.keys() != {"units", "num_layers"}:
        raise ValueError(f"settings of {description.kind} must be units, num_layers")
    return description.settings["units"], description.settings["num_layers"]


def suffix(layer: int) -> str:
    """Return what the names of a layer's arrays end with; those of the first, layer 0, end with nothing."""
    return f"_{layer + 1}" if layer else ""


def layer_name(name: str, index: int) -> str:
    """Return what Keras calls the layers of one class in a weights file: gru, gru_1, gru_2."""
    return f"{name}_{index}" if index else name


def logistic(x: Float32Array) -> Float32Array:
    """Return 1 / (1 + exp(-x))."""
    return np.asarray((1 + np.tanh(x / 2)) / 2, np.float32)


def dense_layout(units: int, size: int) -> Layout:
    """Return the layout of the layer that gives the logits."""
    return {
        "dense_kernel": ("layers/dense/vars/0", (units, size)),
        "dense_bias": ("layers/dense/vars/1", (size,)),
    }
