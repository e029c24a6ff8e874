"""Causal, dilated convolutions as a sampler sees them: given one token at a time, they return the logits of the next.

Tokens are embedded. Layer i adds to its input the projection of a convolution that sees three inputs, 2**i tokens apart
(van den Oord et al., "WaveNet", 2016; Bai et al., "An Empirical Evaluation of Generic Convolutional and Recurrent
Networks for Sequence Modeling", 2018). What came before the first token counts as zeros. No layer sees further back
than a window, so each token takes one step, whatever the length of a window.

Shapes: N streams, H units, V tokens of the vocabulary.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.networks.description import NetworkDescription
from stages.core.networks.product import Product
from stages.core.networks.recurrent import dense_layout, layer_name, require_settings, suffix
from stages.core.networks.table import conv_receptive_field
from stages.core.networks.weights import Float32Array, Layout, Weights

WIDTH = 3  # inputs of a convolution


def layout(description: NetworkDescription) -> Layout:
    """Return for each array its place in a weights file and its shape.

    Raises:
        ValueError: the settings are not those of convolutions, or they see more than a window.
    """
    units, num_layers = require_settings(description)
    if num_layers > 20 or conv_receptive_field(num_layers) > description.window_length:
        raise ValueError("window_length is shorter than what num_layers convolutions see")
    if description.carries_state:
        raise ValueError("carries_state must be false for convolutions")
    size = description.tokenizer.size
    arrays: Layout = {"embedding": ("layers/token_embedding/vars/0", (size, units))}
    for i in range(num_layers):
        place = f"layers/{layer_name('residual_convolution', i)}"
        arrays |= {
            f"kernel{suffix(i)}": (f"{place}/convolution/vars/0", (WIDTH, units, units)),
            f"bias{suffix(i)}": (f"{place}/convolution/vars/1", (units,)),
            f"projection_kernel{suffix(i)}": (f"{place}/projection/vars/0", (units, units)),
            f"projection_bias{suffix(i)}": (f"{place}/projection/vars/1", (units,)),
        }
    return arrays | dense_layout(units, size)


def stepper(weights: Weights, description: NetworkDescription, num_streams: int) -> "ConvStepper":
    """Return the function that gives the logits of the next token of each stream."""
    return ConvStepper(weights, description, num_streams)


class ConvStepper:
    """Is given one token of each stream at a time; returns the logits of the next."""

    def __init__(self, weights: Weights, description: NetworkDescription, num_streams: int) -> None:
        units, num_layers = require_settings(description)
        self._embedding = weights["embedding"]
        self._layers = []
        for i in range(num_layers):
            kernel = weights[f"kernel{suffix(i)}"].reshape(WIDTH * units, units)
            convolution = Product(kernel, weights[f"bias{suffix(i)}"])
            projection = Product(weights[f"projection_kernel{suffix(i)}"], weights[f"projection_bias{suffix(i)}"])
            self._layers.append(ConvLayer(convolution, projection, 2**i, np.zeros((num_streams, units), np.float32)))
        self._dense = Product(weights["dense_kernel"], weights["dense_bias"])

    def __call__(self, ids: NDArray[Any]) -> Float32Array:
        """Take the next token of each stream, (N,); return logits (N, V)."""
        outputs = self._embedding[ids]
        for layer in self._layers:
            outputs = layer.step(outputs)
        return self._dense(outputs)


class ConvLayer:
    """One layer and the inputs that it still needs.

    Args:
        convolution: (3H,) to (H,), oldest input first.
        projection: (H,) to (H,).
        dilation: tokens from one input to the next.
        zeros: (N, H).
    """

    def __init__(self, convolution: Product, projection: Product, dilation: int, zeros: Float32Array) -> None:
        self._convolution, self._projection, self._dilation = convolution, projection, dilation
        self._inputs = [zeros] * (WIDTH - 1) * dilation  # the last ones, a ring
        self._num_given = 0

    def step(self, newest: Float32Array) -> Float32Array:
        """Return the output after one more input, both (N, H)."""
        length = len(self._inputs)
        place = self._num_given % length
        seen = [self._inputs[(place + i * self._dilation) % length] for i in range(WIDTH - 1)]
        self._inputs[place] = newest
        self._num_given += 1
        convolved = np.maximum(self._convolution(np.concatenate([*seen, newest], axis=1)), 0)
        return newest + self._projection(convolved)
