"""The NumPy steppers of recurrent networks against Keras, layer by layer and window by window."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.core.networks.network import Network
from stages.core.networks.table import stepper_module
from stages.core.networks.weights import read_weights
from stages.core.training.keras.build import build_network
from tests.support.networks import TRAIN_PARAMS, description

WINDOW_LENGTH, NUM_STREAMS, UNITS = 5, 3, 6


def trained(folder: Any, kind: str, num_layers: int, targets: str, carry_state: bool) -> tuple[Any, Network]:
    """Return a network in Keras, and the same read back from its weights file."""
    params = dataclasses.replace(
        TRAIN_PARAMS,
        network=kind,
        num_layers=num_layers,
        units=UNITS,
        targets=targets,
        carry_state=carry_state,
        lstm_backend="auto",
    )
    described = description(
        kind=kind,
        units=UNITS,
        num_layers=num_layers,
        window_length=WINDOW_LENGTH,
        targets=targets,
        carries_state=carry_state,
    )
    model = build_network(params, described.tokenizer.size, WINDOW_LENGTH, NUM_STREAMS if carry_state else None)
    drawn = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(drawn.normal(scale=0.7, size=variable.shape))
    model.save_weights(folder / "w.weights.h5")
    layout = stepper_module(kind).layout(described)
    assert described.num_weights == sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    return model, Network(described, read_weights(folder / "w.weights.h5", layout))


def probabilities(network: Network, ids: NDArray[Any]) -> NDArray[Any]:
    """Return what the stepper gives after each token of some streams, (N, T) to (N, T, V)."""
    next_logits = network.stepper(len(ids))
    logits = np.stack([next_logits(column) for column in ids.T], axis=1).astype(np.float64)
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    made: NDArray[Any] = weights / weights.sum(axis=-1, keepdims=True)
    return made


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("kind", ["lstm"])
def test_a_window_gives_the_probabilities_of_keras(kind: str, num_layers: int, tmp_path: Any) -> None:
    model, network = trained(tmp_path, kind, num_layers, "last", carry_state=False)
    ids = np.random.default_rng(1).integers(7, size=(NUM_STREAMS, 4 * WINDOW_LENGTH))
    received = probabilities(network, ids)
    for end in range(WINDOW_LENGTH, ids.shape[1] + 1):
        expected = model.predict(ids[:, end - WINDOW_LENGTH : end], verbose=0)
        np.testing.assert_allclose(received[:, end - 1], expected, atol=1e-5)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("kind", ["lstm"])
def test_every_position_gives_the_probabilities_of_keras(kind: str, num_layers: int, tmp_path: Any) -> None:
    model, network = trained(tmp_path, kind, num_layers, "every", carry_state=False)
    ids = np.random.default_rng(1).integers(7, size=(NUM_STREAMS, WINDOW_LENGTH))
    np.testing.assert_allclose(probabilities(network, ids), model.predict(ids, verbose=0), atol=1e-5)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("kind", ["lstm"])
def test_a_carried_state_goes_on_from_window_to_window_as_in_keras(kind: str, num_layers: int, tmp_path: Any) -> None:
    model, network = trained(tmp_path, kind, num_layers, "every", carry_state=True)
    ids = np.random.default_rng(1).integers(7, size=(NUM_STREAMS, 4 * WINDOW_LENGTH))
    segments = np.split(ids, 4, axis=1)
    expected = np.concatenate([model.predict(s, batch_size=NUM_STREAMS, verbose=0) for s in segments], axis=1)
    np.testing.assert_allclose(probabilities(network, ids), expected, atol=1e-5)


def test_a_stream_is_the_same_alone_and_beside_others(tmp_path: Any) -> None:
    _, network = trained(tmp_path, "lstm", 2, "last", carry_state=False)
    ids = np.random.default_rng(2).integers(7, size=(9, 20))
    assert np.array_equal(probabilities(network, ids)[5:6], probabilities(network, ids[5:6]))
