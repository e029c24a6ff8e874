"""The NumPy steppers of recurrent networks against Keras, layer by layer and window by window."""

from typing import Any

import numpy as np
import pytest

from tests.support.keras_networks import NUM_STREAMS, WINDOW_LENGTH, probabilities, trained


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_window_gives_the_probabilities_of_keras(kind: str, num_layers: int, tmp_path: Any) -> None:
    model, network = trained(tmp_path, kind, num_layers, "last", carry_state=False)
    ids = np.random.default_rng(1).integers(7, size=(NUM_STREAMS, 4 * WINDOW_LENGTH))
    received = probabilities(network, ids)
    for end in range(WINDOW_LENGTH, ids.shape[1] + 1):
        expected = model.predict(ids[:, end - WINDOW_LENGTH : end], verbose=0)
        np.testing.assert_allclose(received[:, end - 1], expected, atol=1e-5)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_every_position_gives_the_probabilities_of_keras(kind: str, num_layers: int, tmp_path: Any) -> None:
    model, network = trained(tmp_path, kind, num_layers, "every", carry_state=False)
    ids = np.random.default_rng(1).integers(7, size=(NUM_STREAMS, WINDOW_LENGTH))
    np.testing.assert_allclose(probabilities(network, ids), model.predict(ids, verbose=0), atol=1e-5)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_carried_state_goes_on_from_window_to_window_as_in_keras(kind: str, num_layers: int, tmp_path: Any) -> None:
    model, network = trained(tmp_path, kind, num_layers, "every", carry_state=True)
    ids = np.random.default_rng(1).integers(7, size=(NUM_STREAMS, 4 * WINDOW_LENGTH))
    segments = np.split(ids, 4, axis=1)
    expected = np.concatenate([model.predict(s, batch_size=NUM_STREAMS, verbose=0) for s in segments], axis=1)
    np.testing.assert_allclose(probabilities(network, ids), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_stream_is_the_same_alone_and_beside_others(kind: str, tmp_path: Any) -> None:
    _, network = trained(tmp_path, kind, 2, "last", carry_state=False)
    ids = np.random.default_rng(2).integers(7, size=(9, 20))
    assert np.array_equal(probabilities(network, ids)[5:6], probabilities(network, ids[5:6]))
