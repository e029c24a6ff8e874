"""The network in Keras: the layers of its kind, then a dense softmax over the tokens; and its state.

Shapes: B windows in a batch, T tokens in a window, V tokens of the vocabulary.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.networks.table import builder_module
from stages.core.pipeline.params import TrainParams
from stages.core.pipeline.randomness import generator
from stages.core.training.keras.optimizers import make_optimizer
from stages.core.training.keras.tensorflow import keras, tf

STEPS_PER_EXECUTION = 50  # batches from one look at the loss to the next; each look costs time


def choose_backend(backend: str) -> str:
    """Return "keras" or "compiled": for "auto", Keras (cuDNN) on a GPU and the compiled kernel on a CPU."""
    if backend != "auto":
        return backend
    return "keras" if tf.config.list_physical_devices("GPU") else "compiled"


def build_network(
    params: TrainParams,
    vocabulary_size: int,
    window_length: int,
    num_streams: int | None = None,
    model: Callable[..., keras.Model] = keras.Sequential,
) -> keras.Model:
    """Return the compiled network: ids (B, T) in, probabilities out. Its weights follow the seed.

    The probabilities are (B, V), of the token after each window; with train.targets = every, they are (B, T, V), of
    the token after each position.

    Args:
        params: section train of params.yaml.
        vocabulary_size: V.
        window_length: T.
        num_streams: B, where the state is carried from one batch to the next.
        model: makes the model of its layers and its name.
    """
    # Keras counts the layers there were before, and writes their names into weights files
    keras.utils.clear_session()
    keras.utils.set_random_seed(params.random_seed)
    tf.config.experimental.enable_op_determinism()
    compiled = choose_backend(params.lstm_backend) == "compiled"
    if compiled:
        # between two calls of the kernel come many small operations: handing them to another thread takes longer
        with suppress(RuntimeError):  # TensorFlow runs already, and keeps what it has
            tf.config.threading.set_inter_op_parallelism_threads(1)
    body = builder_module(params.network).layers(params, vocabulary_size, compiled=compiled)
    network = model(
        [
            keras.Input((window_length,), batch_size=num_streams, dtype="int32", name="ids"),
            *(with_dropout(body, params) if params.dropout else body),
            keras.layers.Dense(vocabulary_size, activation="softmax", name="dense"),
        ],
        name="network",
    )
    network.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=make_optimizer(params),
        jit_compile=False,
        steps_per_execution=STEPS_PER_EXECUTION,
    )
    network.optimizer.build(network.trainable_variables)
    return network


def with_dropout(body: list[keras.layers.Layer], params: TrainParams) -> list[keras.layers.Layer]:
    """Return the layers with dropout after each: one mask for all positions of a window."""
    layers: list[keras.layers.Layer] = []
    for i, layer in enumerate(body):
        is_sequence = params.targets == "every" or i < len(body) - 1
        dropout = keras.layers.SpatialDropout1D if is_sequence else keras.layers.Dropout
        layers += [layer, dropout(params.dropout)]
    return layers


def begin_epoch(network: keras.Model, random_seed: int, epoch: int) -> None:
    """Let an epoch depend on nothing but the weights, the optimizer and its number.

    Random draws start from a seed of the epoch, carried states from zero.
    """
    for i, layer in enumerate(network.layers):
        if (seeds := getattr(layer, "seed_generator", None)) is not None:
            drawn = generator(random_seed, "dropout", epoch, i).integers(2**31, size=2)
            seeds.state.assign(drawn.astype(np.uint32))
    reset_states(network)


def reset_states(network: keras.Model) -> None:
    """Set carried states to zero."""
    for layer in network.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states()


def optimizer_state(network: keras.Model) -> dict[str, NDArray[Any]]:
    """Return the state of the optimizer by position; names are not unique across versions of Keras."""
    return {f"{i:02d}": np.asarray(v) for i, v in enumerate(network.optimizer.variables)}


def set_optimizer_state(network: keras.Model, state: dict[str, NDArray[Any]]) -> None:
    """Give the optimizer the state that `optimizer_state` returned."""
    for variable, value in zip(network.optimizer.variables, state.values(), strict=True):
        variable.assign(value)
