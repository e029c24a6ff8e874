"""Recurrent weights dropped in training: by the compiled kernel as by Keras, and only there."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.core.training.keras import compiled_lstm
from stages.core.training.keras.build import begin_epoch, build_network
from stages.core.training.keras.tensorflow import keras, tf
from tests.support.lstm_reference import relative_error
from tests.support.networks import TRAIN_PARAMS

RATE, VOCABULARY_SIZE, WINDOW_LENGTH, NUM_WINDOWS = 0.4, 11, 9, 21
PARAMS = dataclasses.replace(TRAIN_PARAMS, units=33, targets="every", num_layers=2, weight_dropout=RATE)
KINDS = {
    "compiled LSTM": {"lstm_backend": "compiled"},
    "LSTM of Keras": {"lstm_backend": "keras"},
    "GRU": {"network": "gru", "lstm_backend": "keras"},
}
BATCH = np.random.default_rng(0).integers(VOCABULARY_SIZE, size=(NUM_WINDOWS, WINDOW_LENGTH + 1), dtype=np.int32)


def network(**changes: Any) -> keras.Model:
    model = build_network(dataclasses.replace(PARAMS, **changes), VOCABULARY_SIZE, WINDOW_LENGTH)
    begin_epoch(model, random_seed=0, epoch=1)
    return model


def gradients(model: keras.Model) -> dict[str, NDArray[Any]]:
    """Of one batch, by the paths of the weights."""
    weights = model.trainable_variables
    with tf.GradientTape() as tape:
        losses = keras.losses.sparse_categorical_crossentropy(BATCH[:, 1:], model(BATCH[:, :-1], training=True))
        loss = tf.reduce_mean(losses)
    found = tape.gradient(loss, weights)
    return {w.path: np.asarray(tf.convert_to_tensor(g)) for w, g in zip(weights, found, strict=True)}


def recurrent(found: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    return [gradient for path, gradient in found.items() if path.endswith("recurrent_kernel")]


def test_gradients_are_those_of_keras() -> None:
    models = [network(**KINDS[kind]) for kind in ("LSTM of Keras", "compiled LSTM")]
    for _ in range(3):  # batches, each with masks of its own
        expected, received = map(gradients, models)
        for path, gradient in expected.items():
            assert relative_error(received[path], gradient) < 1e-5, path


@pytest.mark.parametrize("kind", KINDS)
def test_dropped_weights_have_no_gradient_and_each_batch_drops_others(kind: str) -> None:
    model = network(**KINDS[kind])
    dropped = [[gradient == 0 for gradient in recurrent(gradients(model))] for _ in range(2)]
    assert len(dropped[0]) == 2
    for masks in zip(*dropped, strict=True):
        for mask in masks:
            # 5 standard deviations of a mean of so many independent draws
            assert mask.mean() == pytest.approx(RATE, abs=5 * np.sqrt(RATE * (1 - RATE) / mask.size))
        assert (masks[0] != masks[1]).mean() > RATE / 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_weights_left_are_larger_by_the_share_that_is_dropped(kind: str) -> None:
    """The outputs are those of the masked weights in a network that drops none."""
    model, plain = network(**KINDS[kind], num_layers=1), network(**KINDS[kind], num_layers=1, weight_dropout=0.0)
    begin_epoch(model, random_seed=0, epoch=1)
    (mask,) = (gradient != 0 for gradient in recurrent(gradients(model)))
    begin_epoch(model, random_seed=0, epoch=1)
    made = model(BATCH[:, :-1], training=True)
    for variable, value in zip(plain.trainable_variables, model.trainable_variables, strict=True):
        variable.assign(value * mask / (1 - RATE) if variable.path.endswith("recurrent_kernel") else value)
    np.testing.assert_allclose(plain(BATCH[:, :-1]), made, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_whole_weights_are_kept_validated_and_saved(kind: str, tmp_path: Path) -> None:
    model, plain = network(**KINDS[kind]), network(**KINDS[kind], weight_dropout=0.0)
    before = model.get_weights()
    model.optimizer.learning_rate.assign(0.0)
    model.fit(BATCH[:, :-1], BATCH[:, 1:], verbose=0)
    for b, a in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model.save_weights(tmp_path / "w.weights.h5")
    plain.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model(BATCH[:, :-1]), plain(BATCH[:, :-1]))


def test_without_it_the_layers_are_the_compiled_ones_themselves() -> None:
    layers = network(weight_dropout=0.0).layers
    assert [type(layer) for layer in layers[:2]] == [compiled_lstm.CharacterLSTM, compiled_lstm.LSTM]
