"""The layer with its compiled kernel against Keras's own computation of the same network."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData, WindowPlan
from stages.core.training.batches import examples
from stages.core.training.keras import character_lstm, compiled_lstm
from stages.core.training.keras.build import build_network, choose_backend
from stages.core.training.keras.tensorflow import keras, tf
from tests.support.lstm_reference import relative_error
from tests.support.networks import TRAIN_PARAMS
from tests.support.text import made_up_text

PARAMS = dataclasses.replace(TRAIN_PARAMS, units=33, batch_size=32)
LAYERS = {"keras": character_lstm.CharacterLSTM, "compiled": compiled_lstm.CharacterLSTM}
BACKENDS = tuple(LAYERS)
VOCABULARY_SIZE, WINDOW_LENGTH = 11, 9


def network(backend: str, units: int = PARAMS.units, window_length: int = WINDOW_LENGTH) -> keras.Model:
    return build_network(dataclasses.replace(PARAMS, lstm_backend=backend, units=units), VOCABULARY_SIZE, window_length)


def batch(num_windows: int = 13, window_length: int = WINDOW_LENGTH) -> tuple[NDArray[Any], NDArray[Any]]:
    random = np.random.default_rng(0)
    ids = random.integers(VOCABULARY_SIZE, size=(num_windows, window_length + 1), dtype=np.int32)
    return ids[:, :-1], ids[:, -1]


def gradients(model: keras.Model, ids: Any, targets: NDArray[Any]) -> list[NDArray[Any]]:
    """Of the loss with respect to all weights, LSTM and dense layer."""
    with tf.GradientTape() as tape:
        loss = keras.ops.mean(keras.losses.sparse_categorical_crossentropy(targets, model(ids, training=True)))
    made = tape.gradient(loss, [v.value for v in model.trainable_variables])
    return [np.asarray(tf.convert_to_tensor(g)) for g in made]


@pytest.mark.parametrize(
    ("num_windows", "window_length", "units"), [(13, 9, 33), (1, 9, 5), (7, 1, 16), (128, 60, 128), (5, 4, 65)]
)
def test_gradients_are_those_of_keras(num_windows: int, window_length: int, units: int) -> None:
    models = [network(backend, units, window_length) for backend in BACKENDS]
    models[1].set_weights(models[0].get_weights())
    expected, received = (gradients(m, *batch(num_windows, window_length)) for m in models)
    assert len(received) == 5
    for variable, e, r in zip(models[0].trainable_variables, expected, received, strict=True):
        assert relative_error(r, e) < 1e-5 if e.any() else not r.any(), variable.path


def test_a_layer_used_twice_has_the_gradients_of_keras() -> None:
    found = []
    for backend in BACKENDS:
        layer = network(backend).get_layer("lstm")
        first, second = keras.Input((WINDOW_LENGTH,), dtype="int32"), keras.Input((WINDOW_LENGTH,), dtype="int32")
        product = layer(first) * layer(second)
        outputs = keras.layers.Dense(VOCABULARY_SIZE, "softmax", kernel_initializer="identity")(product)
        model = keras.Model([first, second], outputs)
        ids, targets = batch()
        found.append(gradients(model, [ids, ids[::-1]], targets))
    for expected, received in zip(*found, strict=True):
        assert relative_error(received, expected) < 1e-5


def test_gradients_may_be_taken_twice() -> None:
    model = network("compiled")
    ids, _ = batch()
    weights = [v.value for v in model.trainable_variables]
    with tf.GradientTape(persistent=True) as tape:
        loss = keras.ops.sum(model(ids, training=True) ** 2)
    once, twice = (tape.gradient(loss, weights) for _ in range(2))
    for expected, received in zip(once, twice, strict=True):
        np.testing.assert_array_equal(received, expected)


def test_both_kernels_start_from_the_same_weights() -> None:
    expected, received = (network(backend).get_weights() for backend in BACKENDS)
    for e, r in zip(expected, received, strict=True):
        np.testing.assert_array_equal(r, e)


@pytest.mark.parametrize(("saved_by", "loaded_by"), [BACKENDS, BACKENDS[::-1]])
def test_weights_of_one_kernel_load_into_the_other(saved_by: str, loaded_by: str, tmp_path: Path) -> None:
    ids, targets = batch()
    saving = network(saved_by)
    saving.fit(ids, targets, verbose=0)
    saving.save_weights(tmp_path / "w.weights.h5")
    expected = saving.predict(ids, verbose=0)
    loading = network(loaded_by)
    assert relative_error(loading.predict(ids, verbose=0), expected) > 1e-3
    loading.load_weights(tmp_path / "w.weights.h5")
    assert relative_error(loading.predict(ids, verbose=0), expected) < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_network_is_made_again_from_its_configuration(backend: str) -> None:
    model = network(backend)
    again = keras.Sequential.from_config(model.get_config())
    again.set_weights(model.get_weights())
    ids, _ = batch()
    np.testing.assert_array_equal(again.predict(ids, verbose=0), model.predict(ids, verbose=0))
    assert again.get_config() == model.get_config()
    assert type(again.get_layer("lstm")) is LAYERS[backend]


def test_the_loss_goes_down_as_with_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.core.training.keras.build.STEPS_PER_EXECUTION", 1)  # the loss of every batch is seen
    text = made_up_text(4000)
    tokenizer = Characters.of(text)
    plan = WindowPlan(
        window_length=WINDOW_LENGTH, stride=3, num_characters=len(text), num_validation_characters=WINDOW_LENGTH + 1
    )
    data = WindowData(tokenizer.encode(text), tokenizer, plan)
    batches = examples(data, data.ids, every=False, batch_size=PARAMS.batch_size)
    curves = []
    for backend in BACKENDS:
        model = build_network(dataclasses.replace(PARAMS, lstm_backend=backend), tokenizer.size, WINDOW_LENGTH)
        curve: list[float] = []
        watch = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda _, logs, curve=curve: curve.append(float(logs["loss"]))
        )
        model.fit(batches.dataset(), shuffle=False, verbose=0, callbacks=[watch])
        curves.append(curve)
    expected, received = curves
    assert len(expected) == 42
    assert expected[-1] < expected[0] - 0.3
    np.testing.assert_allclose(received, expected, atol=1e-3)


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="there is a GPU")
def test_auto_is_the_compiled_kernel_on_a_cpu() -> None:
    assert choose_backend("auto") == "compiled"
    assert {backend: type(network(backend).get_layer("lstm")) for backend in LAYERS} == LAYERS
    assert type(network("auto").get_layer("lstm")) is LAYERS["compiled"]


@pytest.mark.parametrize("option", ["return_sequences", "return_state", "go_backwards"])
def test_options_are_those_of_keras_without_the_compiled_kernel(option: str) -> None:
    layer, (ids, _) = character_lstm.CharacterLSTM(4, VOCABULARY_SIZE, **{option: True}), batch()
    expected = keras.layers.LSTM(4, **{option: True})
    expected.build((None, WINDOW_LENGTH, VOCABULARY_SIZE))
    layer.build(ids.shape)
    expected.set_weights(layer.get_weights())
    made = expected(keras.ops.one_hot(ids, VOCABULARY_SIZE))
    for r, e in zip(tf.nest.flatten(layer(ids)), tf.nest.flatten(made), strict=True):
        np.testing.assert_array_equal(r, e)
    assert tf.nest.map_structure(lambda t: t.shape, layer(ids)) == tf.nest.map_structure(lambda t: t.shape, made)


def test_regularizers_and_constraints_hold_with_the_compiled_kernel() -> None:
    found = []
    for backend in BACKENDS:
        layer = LAYERS[backend](
            4,
            VOCABULARY_SIZE,
            kernel_initializer="ones",
            recurrent_initializer="identity",
            recurrent_regularizer="l2",
            kernel_constraint=keras.constraints.MaxNorm(1.5),
        )
        dense = keras.layers.Dense(VOCABULARY_SIZE, "softmax", kernel_initializer="identity")
        model = keras.Sequential([keras.Input((WINDOW_LENGTH,), dtype="int32"), layer, dense])
        model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
        model.fit(*batch(), verbose=0)
        assert np.linalg.norm(layer.get_weights()[0], axis=0).max() <= 1.5 + 1e-6
        found.append([layer.losses[0], *layer.get_weights()])
    for received, expected in zip(*found, strict=True):
        np.testing.assert_allclose(received, expected, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {"targets": "every"},
        {"num_layers": 2},
        {"targets": "every", "num_layers": 3, "carry_state": True},
        {"targets": "every", "num_layers": 2, "dropout": 0.2},
    ],
    ids=str,
)
def test_stacks_and_every_position_are_those_of_keras(settings: dict[str, Any], tmp_path: Path) -> None:
    ids, _ = batch()
    num_streams = len(ids) if settings.get("carry_state") else None
    models = []
    for backend in BACKENDS:
        params = dataclasses.replace(PARAMS, units=9, lstm_backend=backend, **settings)
        models.append(build_network(params, VOCABULARY_SIZE, WINDOW_LENGTH, num_streams))
    assert {type(layer).__module__.rpartition(".")[2] for layer in models[1].layers if "lstm" in layer.name} == {
        "compiled_lstm"
    }
    models[0].save_weights(tmp_path / "w.weights.h5")
    models[1].load_weights(tmp_path / "w.weights.h5")
    for _ in range(2):  # the second time from the state that was carried
        expected, received = (model(ids).numpy() for model in models)
        np.testing.assert_allclose(received, expected, atol=1e-6)
