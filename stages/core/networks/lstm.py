"""The LSTM as a sampler sees it: it is given one token at a time, and returns the logits of the next.

Shapes: N streams, H units, V tokens of the vocabulary, L layers. Gates in Keras's order: input, forget, cell, output.
"""

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels import stepping
from stages.core.networks.description import NetworkDescription
from stages.core.networks.product import Product
from stages.core.networks.recurrent import (
    RecurrentStepper,
    State,
    dense_layout,
    layer_name,
    logistic,
    require_settings,
    suffix,
)
from stages.core.networks.weights import Float32Array, Layout, Weights


def layout(description: NetworkDescription) -> Layout:
    """Return for each array its place in a weights file and its shape.

    Raises:
        ValueError: the settings are not those of an LSTM.
    """
    units, num_layers = require_settings(description)
    size = description.tokenizer.size
    arrays: dict[str, tuple[str, tuple[int, ...]]] = {}
    for i in range(num_layers):
        # the layers of one class are numbered; the first is of a class of its own
        place = layer_name("lstm", i - 1) if i else "character_lstm"
        arrays |= {
            f"kernel{suffix(i)}": (f"layers/{place}/cell/vars/0", (units if i else size, 4 * units)),
            f"recurrent_kernel{suffix(i)}": (f"layers/{place}/cell/vars/1", (units, 4 * units)),
            f"bias{suffix(i)}": (f"layers/{place}/cell/vars/2", (4 * units,)),
        }
    return arrays | dense_layout(units, size)


def stepper(weights: Weights, description: NetworkDescription, num_streams: int) -> RecurrentStepper:
    """Return the function that gives the logits of the next token of each stream."""
    num_layers = description.settings["num_layers"]
    names = ("kernel", "recurrent_kernel", "bias")
    first, *upper = ([weights[name + suffix(i)] for name in names] for i in range(num_layers))
    packed = stepping.pack(*first)
    dense_layers = [DenseInputLSTM(*arrays) for arrays in upper]

    def step(ids: NDArray[np.int32], state: State) -> Float32Array:
        """Move the states of all layers on by one token, in place; return the outputs of the last layer."""
        h, c = state[0]
        stepping.step(packed, ids, h, c)
        for layer, (h_above, c_above) in zip(dense_layers, state[1:], strict=True):
            layer.step(h, h_above, c_above)
            h = h_above
        return h

    return RecurrentStepper(step, weights, description, num_streams, num_states=2)


class DenseInputLSTM:
    """A layer whose input is the output of another.

    Args:
        kernel: (H, 4H).
        recurrent_kernel: (H, 4H).
        bias: (4H,).
    """

    def __init__(self, kernel: Float32Array, recurrent_kernel: Float32Array, bias: Float32Array) -> None:
        self._product = Product(np.concatenate([kernel, recurrent_kernel]), bias)

    def step(self, inputs: Float32Array, h: Float32Array, c: Float32Array) -> None:
        """Move states on by one step, in place: all (N, H)."""
        i, f, g, o = np.split(self._product(np.concatenate([inputs, h], axis=1)), 4, axis=1)
        c[:] = logistic(f) * c + logistic(i) * np.tanh(g)
        h[:] = logistic(o) * np.tanh(c)
