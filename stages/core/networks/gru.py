"""The GRU as a sampler sees it: it is given one token at a time, and returns the logits of the next.

Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014, with the reset gate after the product, as
cuDNN and Keras have it. Shapes: N streams, H units, V tokens of the vocabulary. Gates in Keras's order: update, reset,
candidate.
"""

import numpy as np
from numpy.typing import NDArray

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
        ValueError: the settings are not those of a GRU.
    """
    units, num_layers = require_settings(description)
    size = description.tokenizer.size
    arrays: Layout = {"embedding": ("layers/token_embedding/vars/0", (size, units))}
    for i in range(num_layers):
        place = f"layers/{layer_name('gru', i)}/cell/vars"
        arrays |= {
            f"kernel{suffix(i)}": (f"{place}/0", (units, 3 * units)),
            f"recurrent_kernel{suffix(i)}": (f"{place}/1", (units, 3 * units)),
            f"bias{suffix(i)}": (f"{place}/2", (2, 3 * units)),
        }
    return arrays | dense_layout(units, size)


def stepper(weights: Weights, description: NetworkDescription, num_streams: int) -> RecurrentStepper:
    """Return the function that gives the logits of the next token of each stream."""
    names = ("kernel", "recurrent_kernel", "bias")
    layers = [GRULayer(*(weights[n + suffix(i)] for n in names)) for i in range(description.settings["num_layers"])]
    embedding = weights["embedding"]

    def step(ids: NDArray[np.int32], state: State) -> Float32Array:
        """Move the states of all layers on by one token, in place; return the outputs of the last layer."""
        outputs = embedding[ids]
        for layer, (h,) in zip(layers, state, strict=True):
            layer.step(outputs, h)
            outputs = h
        return outputs

    return RecurrentStepper(step, weights, description, num_streams, num_states=1)


class GRULayer:
    """One layer.

    Args:
        kernel: (H, 3H).
        recurrent_kernel: (H, 3H).
        bias: (2, 3H), of the inputs and of the state.
    """

    def __init__(self, kernel: Float32Array, recurrent_kernel: Float32Array, bias: Float32Array) -> None:
        self._of_inputs, self._of_state = Product(kernel, bias[0]), Product(recurrent_kernel, bias[1])

    def step(self, inputs: Float32Array, h: Float32Array) -> None:
        """Move the state on by one step, in place: both (N, H)."""
        update, reset, candidate = np.split(self._of_inputs(inputs), 3, axis=1)
        update_h, reset_h, candidate_h = np.split(self._of_state(h), 3, axis=1)
        z = logistic(update + update_h)
        h[:] = z * h + (1 - z) * np.tanh(candidate + logistic(reset + reset_h) * candidate_h)
