"""The compiled layers against Keras's own, with the same weights: outputs, states, gradients, for every option."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.kernels.sequences import MAX_UNITS_SUMMED_BY_STEP
from stages.core.training.keras import character_lstm, compiled_lstm
from stages.core.training.keras.tensorflow import keras, tf
from tests.support.keras_layers import assert_equal_to_rounding, results

SIZES = st.fixed_dictionaries(
    {
        "num_rows": st.sampled_from([1, 2, 5, 33, 70]),
        "num_steps": st.integers(1, 6),
        "num_inputs": st.sampled_from([1, 3, 31, 32, 33, 140]),
        "units": st.sampled_from([1, 4, 31, 32, 33, 65]),
    }
)


def pair(takes_ids: bool, num_inputs: int, num_steps: int, batch_size: int | None = None, **options: Any) -> list[Any]:
    """Keras's layer and the compiled one, with the same weights, none of them zero."""
    options = {"bias_initializer": keras.initializers.RandomNormal(seed=1)} | options
    shape = (batch_size, num_steps)
    theirs = keras.layers.LSTM(**options)
    theirs.build((*shape, num_inputs))
    if takes_ids:
        units = options.pop("units")
        ours = compiled_lstm.CharacterLSTM(units, num_inputs, **options)
        ours.build(shape)
    else:
        ours = compiled_lstm.LSTM(**options)
        ours.build((*shape, num_inputs))
    ours.set_weights(theirs.get_weights())
    return [theirs, ours]


def inputs_of(takes_ids: bool, num_rows: int, num_steps: int, num_inputs: int, seed: int = 0) -> list[Any]:
    """What each of the pair is given."""
    random = np.random.default_rng(seed)
    if takes_ids:
        ids = random.integers(num_inputs, size=(num_rows, num_steps))
        return [keras.ops.one_hot(ids, num_inputs), tf.constant(ids, tf.int32)]
    return [tf.constant(random.normal(size=(num_rows, num_steps, num_inputs)), tf.float32)] * 2


@settings(max_examples=25)
@given(SIZES, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_outputs_states_and_gradients_are_those_of_keras(
    sizes: dict[str, int], takes_ids: bool, return_sequences: bool, has_state: bool, go_backwards: bool
) -> None:
    num_rows, num_steps, num_inputs, units = sizes.values()
    options = {"return_sequences": return_sequences, "return_state": True, "go_backwards": go_backwards}
    layers = pair(takes_ids, num_inputs, num_steps, units=units, **options)
    random = np.random.default_rng(1)
    state = [tf.constant(random.normal(size=(num_rows, units)), tf.float32) for _ in range(2)] if has_state else None
    both = inputs_of(takes_ids, num_rows, num_steps, num_inputs)
    expected, received = (results(layer, x, state) for layer, x in zip(layers, both, strict=True))
    if takes_ids:  # Keras's own layer has a gradient of one-hot vectors as well
        expected.pop()
    assert_equal_to_rounding(received, expected)
    assert layers[1]._num_forward_passes > 0


@pytest.mark.parametrize("return_sequences", [True, False])
@pytest.mark.parametrize("takes_ids", [True, False])
def test_a_large_layer_has_the_gradients_of_keras(takes_ids: bool, return_sequences: bool) -> None:
    layers = pair(takes_ids, 40, 5, units=MAX_UNITS_SUMMED_BY_STEP + 3, return_sequences=return_sequences)
    both = inputs_of(takes_ids, 35, 5, 40)
    expected, received = (results(layer, x) for layer, x in zip(layers, both, strict=True))
    assert_equal_to_rounding(received, expected[: len(received)])


@pytest.mark.parametrize("takes_ids", [True, False])
def test_a_state_is_carried_from_batch_to_batch(takes_ids: bool) -> None:
    layers = pair(takes_ids, 7, 5, batch_size=3, units=6, return_sequences=True, stateful=True)
    for seed in range(3):
        both = inputs_of(takes_ids, 3, 5, 7, seed)
        expected, received = (results(layer, x) for layer, x in zip(layers, both, strict=True))
        assert_equal_to_rounding(received[:4], expected[:4])
        assert any(state.numpy().any() for state in layers[1].states)
    for layer in layers:
        layer.reset_states()
    assert not any(state.numpy().any() for state in layers[1].states)


OPTIONS: list[dict[str, Any]] = [
    {"activation": "relu"},
    {"recurrent_activation": "hard_sigmoid"},
    {"use_bias": False},
    {"unroll": True},
    {"unit_forget_bias": False},
    {"zero_output_for_mask": True},
    {"kernel_regularizer": "l2", "recurrent_constraint": "max_norm"},
]


@pytest.mark.parametrize("takes_ids", [True, False])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_option_of_keras_has_its_effect(options: dict[str, Any], takes_ids: bool) -> None:
    layers = pair(takes_ids, 7, 5, units=6, return_sequences=True, return_state=True, **options)
    both = inputs_of(takes_ids, 4, 5, 7)
    expected, received = (results(layer, x) for layer, x in zip(layers, both, strict=True))
    assert_equal_to_rounding(received, expected[: len(received)])
    for e, r in zip(layers[0].losses, layers[1].losses, strict=True):
        assert float(r) == pytest.approx(float(e))


@pytest.mark.parametrize("takes_ids", [True, False])
def test_a_mask_has_its_effect(takes_ids: bool) -> None:
    layers = pair(takes_ids, 7, 5, units=6, return_sequences=True)
    mask = tf.constant([[True] * 5, [True, True, False, True, False], [False] * 5])
    both = inputs_of(takes_ids, 3, 5, 7)
    expected, received = (layer(x, mask=mask) for layer, x in zip(layers, both, strict=True))
    np.testing.assert_allclose(received, expected, atol=1e-6)


@pytest.mark.parametrize("option", ["dropout", "recurrent_dropout"])
def test_dropout_has_its_effect(option: str) -> None:
    for takes_ids in (True, False):
        options: dict[str, Any] = {option: 0.5}
        _, layer = pair(takes_ids, 7, 5, units=6, **options)
        _, inputs = inputs_of(takes_ids, 4, 5, 7)
        assert np.abs(layer(inputs, training=True) - layer(inputs)).max() > 1e-3
        np.testing.assert_array_equal(layer(inputs), layer(inputs))


def test_a_layer_used_twice_has_the_gradients_of_keras() -> None:
    layers = pair(False, 7, 5, units=6, return_sequences=True)
    found = []
    for layer in layers:
        x, y = inputs_of(False, 4, 5, 7, 1)[0], inputs_of(False, 4, 5, 7, 2)[0]
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) * layer(y))
        weights = [v.value for v in layer.trainable_variables]
        found.append([np.asarray(g) for g in tape.gradient(loss, weights)])
    assert_equal_to_rounding(found[1], found[0])


def stack(compiled: bool) -> keras.Model:
    keras.utils.set_random_seed(0)
    module: Any = compiled_lstm if compiled else keras.layers
    options: dict[str, Any] = {"return_sequences": True, "stateful": True}
    # not one more layer may be made: each draws the seeds of its weights
    first = compiled_lstm.CharacterLSTM if compiled else character_lstm.CharacterLSTM
    model = keras.Sequential(
        [
            keras.Input((7,), batch_size=4, dtype="int32"),
            first(9, 11, **options),
            module.LSTM(12, **options),
            module.LSTM(5, **options),
            keras.layers.Dense(11, "softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    return model


def test_a_stack_trains_as_with_keras_and_reads_its_weights(tmp_path: Any) -> None:
    ids = np.random.default_rng(0).integers(11, size=(20, 8))
    models = [stack(compiled) for compiled in (False, True)]
    for model in models:
        model.fit(ids[:, :-1], ids[:, 1:], batch_size=4, epochs=2, shuffle=False, verbose=0)
    for expected, received in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(received, expected, atol=1e-5)
    models[0].save_weights(tmp_path / "w.weights.h5")
    models[1].load_weights(tmp_path / "w.weights.h5")
    for expected, received in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(received, expected)


@pytest.mark.parametrize("takes_ids", [True, False])
def test_a_layer_is_made_again_from_its_configuration(takes_ids: bool) -> None:
    _, layer = pair(takes_ids, 7, 5, units=6, return_sequences=True, go_backwards=True)
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
