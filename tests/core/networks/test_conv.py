"""The convolutions one token at a time against Keras on whole windows."""

from typing import Any

import numpy as np
import pytest

from stages.core.networks.table import conv_receptive_field
from tests.support.keras_networks import NUM_STREAMS, probabilities, trained

WINDOW_LENGTH = 7


@pytest.mark.parametrize("num_layers", [1, 2])
def test_a_window_gives_the_probabilities_of_keras(num_layers: int, tmp_path: Any) -> None:
    model, network = trained(tmp_path, "conv", num_layers, "last", carry_state=False, window_length=WINDOW_LENGTH)
    ids = np.random.default_rng(1).integers(7, size=(NUM_STREAMS, 4 * WINDOW_LENGTH))
    received = probabilities(network, ids)
    for end in range(WINDOW_LENGTH, ids.shape[1] + 1):
        expected = model.predict(ids[:, end - WINDOW_LENGTH : end], verbose=0)
        np.testing.assert_allclose(received[:, end - 1], expected, atol=1e-5)


@pytest.mark.parametrize("num_layers", [1, 2])
def test_every_position_gives_the_probabilities_of_keras(num_layers: int, tmp_path: Any) -> None:
    model, network = trained(tmp_path, "conv", num_layers, "every", carry_state=False, window_length=WINDOW_LENGTH)
    ids = np.random.default_rng(1).integers(7, size=(NUM_STREAMS, WINDOW_LENGTH))
    np.testing.assert_allclose(probabilities(network, ids), model.predict(ids, verbose=0), atol=1e-5)


def test_a_stream_is_the_same_alone_and_beside_others(tmp_path: Any) -> None:
    _, network = trained(tmp_path, "conv", 2, "last", carry_state=False, window_length=WINDOW_LENGTH)
    ids = np.random.default_rng(2).integers(7, size=(9, 20))
    assert np.array_equal(probabilities(network, ids)[5:6], probabilities(network, ids[5:6]))


def test_nothing_before_the_receptive_field_counts(tmp_path: Any) -> None:
    _, network = trained(tmp_path, "conv", 2, "last", carry_state=False, window_length=WINDOW_LENGTH)
    field = conv_receptive_field(2)
    ids = np.random.default_rng(3).integers(7, size=(2, 3 * field))
    ids[1, -field:] = ids[0, -field:]
    first, second = probabilities(network, ids)[:, -1]
    np.testing.assert_allclose(first, second, atol=1e-6)
    ids[1, -field] = (ids[0, -field] + 1) % 7
    first, second = probabilities(network, ids)[:, -1]
    assert np.abs(first - second).max() > 1e-6
