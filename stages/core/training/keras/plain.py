"""A network in layers of Keras alone: its `.keras` file loads where nothing of this project is installed.

Shapes: B texts, T tokens of each, V tokens of the vocabulary, H units.
"""

from typing import Any

from stages.core.networks.conv import WIDTH
from stages.core.networks.network import Network
from stages.core.networks.recurrent import suffix
from stages.core.training.keras.tensorflow import keras


def plain_model(network: Network) -> keras.Model:
    """Return the network as a model of Keras: ids (B, T) int32 in, probabilities out, for any B and T.

    The probabilities are (B, V), of the token after each text; with targets = every, they are (B, T, V), of the token
    after each position. Each call starts from zeros, even for a network that was trained to carry its state: give such
    a network the whole text.
    """
    keras.utils.clear_session()
    description, weights = network.description, network.weights
    ids = keras.Input((None,), dtype="int32", name="ids")
    outputs = BODIES[description.kind](network, ids)
    dense = keras.layers.Dense(network.tokenizer.size, activation="softmax", name="dense")
    wanted = outputs if description.targets == "every" else outputs[:, -1]
    probabilities = _applied(dense, wanted, weights["dense_kernel"], weights["dense_bias"])
    return keras.Model(ids, probabilities, name=description.kind)


def _lstm(network: Network, ids: Any) -> Any:
    # an operation: as a layer's weights, one-hot vectors would be an identity matrix, large where V is
    return _recurrent(network, keras.ops.one_hot(ids, network.tokenizer.size), keras.layers.LSTM)


def _gru(network: Network, ids: Any) -> Any:
    return _recurrent(network, _embedded(network, ids), keras.layers.GRU)


def _conv(network: Network, ids: Any) -> Any:
    settings, weights = network.description.settings, network.weights
    outputs = _embedded(network, ids)
    for i in range(settings["num_layers"]):
        end = suffix(i)
        convolution = keras.layers.Conv1D(
            settings["units"],
            WIDTH,
            padding="causal",
            dilation_rate=2**i,
            activation="relu",
            name=f"convolution{end}",
        )
        projection = keras.layers.Dense(settings["units"], name=f"projection{end}")
        convolved = _applied(convolution, outputs, weights[f"kernel{end}"], weights[f"bias{end}"])
        arrays = weights[f"projection_kernel{end}"], weights[f"projection_bias{end}"]
        outputs = keras.layers.Add(name=f"add{end}")([outputs, _applied(projection, convolved, *arrays)])
    return outputs


def _recurrent(network: Network, inputs: Any, layer_class: Any) -> Any:
    description, outputs = network.description, inputs
    for i in range(description.settings["num_layers"]):
        name = f"{description.kind}{suffix(i)}"
        layer = layer_class(description.settings["units"], return_sequences=True, name=name)
        arrays = [network.weights[f"{array}{suffix(i)}"] for array in ("kernel", "recurrent_kernel", "bias")]
        outputs = _applied(layer, outputs, *arrays)
    return outputs


def _embedded(network: Network, ids: Any) -> Any:
    size, units = network.tokenizer.size, network.description.settings["units"]
    return _applied(keras.layers.Embedding(size, units, name="embedding"), ids, network.weights["embedding"])


def _applied(layer: Any, inputs: Any, *weights: Any) -> Any:
    """Return the outputs of a layer, and give it its weights."""
    outputs = layer(inputs)
    layer.set_weights(weights)
    return outputs


BODIES = {"lstm": _lstm, "gru": _gru, "conv": _conv}  # by kind: ids (B, T) to outputs (B, T, H)
