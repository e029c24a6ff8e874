"""The network: one LSTM layer, then a dense softmax over the characters, in Keras.

Legend: B windows in a batch, T characters in a window, V characters of the vocabulary.
"""

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.networks.table import builder_module
from stages.core.pipeline.params import TrainParams
from stages.core.training.keras.tensorflow import keras, tf

STEPS_PER_EXECUTION = 50  # batches from one look at the loss to the next; each look costs time


def choose_backend(backend: str) -> str:
    """Return "keras" or "compiled": for "auto", Keras (cuDNN) on a GPU and the compiled kernel on a CPU."""
    if backend != "auto":
        return backend
    return "keras" if tf.config.list_physical_devices("GPU") else "compiled"


def build_network(params: TrainParams, vocabulary_size: int, window_length: int) -> keras.Model:
    """Return the compiled network: ids (B, T) in, probabilities (B, V) out. Its weights follow the seed."""
    # Keras counts the layers there were before, and writes their names into weights files
    keras.utils.clear_session()
    keras.utils.set_random_seed(params.random_seed)
    tf.config.experimental.enable_op_determinism()
    compiled = choose_backend(params.lstm_backend) == "compiled"
    if compiled:
        # between two calls of the kernel come many small operations: handing them to another thread takes longer
        with suppress(RuntimeError):  # TensorFlow runs already, and keeps what it has
            tf.config.threading.set_inter_op_parallelism_threads(1)
    network = keras.Sequential(
        [
            keras.Input((window_length,), dtype="int32", name="ids"),
            *builder_module(params.network).layers(params, vocabulary_size, compiled=compiled),
            keras.layers.Dense(vocabulary_size, activation="softmax", name="dense"),
        ],
        name="network",
    )
    network.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.RMSprop(params.learning_rate, global_clipnorm=params.clip_norm),
        jit_compile=False,
        steps_per_execution=STEPS_PER_EXECUTION,
    )
    network.optimizer.build(network.trainable_variables)
    return network


def optimizer_state(network: keras.Model) -> dict[str, NDArray[Any]]:
    """Return the state of the optimizer by position; names are not unique across versions of Keras."""
    return {f"{i:02d}": np.asarray(v) for i, v in enumerate(network.optimizer.variables)}


def set_optimizer_state(network: keras.Model, state: dict[str, NDArray[Any]]) -> None:
    """Give the optimizer the state that `optimizer_state` returned."""
    for variable, value in zip(network.optimizer.variables, state.values(), strict=True):
        variable.assign(value)
