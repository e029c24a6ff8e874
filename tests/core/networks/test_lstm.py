"""The states kept under way against every window run from the start."""

import numpy as np
import pytest

from stages.core.generation.continuation import continue_prompt
from stages.core.generation.sampling import draw, entropy_nats, reweight
from stages.core.networks.lstm import SlidingLSTM
from stages.core.networks.weights import Weights
from stages.core.text.characters import Vocabulary
from stages.core.training.keras.tensorflow import keras
from tests import lstm_reference as reference

VOCABULARY = Vocabulary("abcdefg")
UNITS = 5
WINDOW_LENGTH = 6
TEMPERATURES = (0.0, 0.3, 1.0, 1.5, np.inf)


def weights_of(epoch: int) -> Weights:
    """Weights as large as trained ones."""
    drawn = np.random.default_rng(epoch)
    shapes = ((len(VOCABULARY), 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,), (UNITS, len(VOCABULARY)), (7,))
    return Weights(*(drawn.normal(scale=1.5, size=shape).astype(np.float32) for shape in shapes))


@pytest.mark.parametrize("window_length", [1, 2, 6, 40])
def test_logits_are_of_exactly_the_last_window(window_length: int) -> None:
    weights, num_streams = weights_of(0), 3
    ids = np.random.default_rng(1).integers(len(VOCABULARY), size=(30, num_streams))
    network = SlidingLSTM(weights, num_streams, window_length)
    for step, column in enumerate(ids):
        logits = network(column)
        window = ids[max(0, step + 1 - window_length) : step + 1]
        assert np.allclose(logits, reference.logits(weights, window.T), atol=1e-4)


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize("prompt", ["a", "abcdefg", "gabfdcae" * 3])
def test_continuations_are_those_of_the_plain_network(epoch: int, prompt: str) -> None:
    weights, length = weights_of(epoch), 40
    generators = [np.random.default_rng([epoch, i]) for i in range(len(TEMPERATURES))]
    made = continue_prompt(weights, VOCABULARY, WINDOW_LENGTH, prompt, TEMPERATURES, length, generators)
    for i, temperature in enumerate(TEMPERATURES):
        text, entropies = prompt, []
        for uniform in np.random.default_rng([epoch, i]).random(length):
            window = VOCABULARY.encode(text[-WINDOW_LENGTH:])[None]
            probabilities = reweight(reference.logits(weights, window), np.array([temperature]))
            entropies.append(entropy_nats(probabilities)[0])
            text += VOCABULARY.characters[draw(probabilities, np.array([uniform]))[0]]
        assert made[i].text == text[len(prompt) :]
        assert made[i].entropy_nats == pytest.approx(np.mean(entropies), abs=1e-4)


def test_a_stream_is_the_same_alone_and_beside_others() -> None:
    weights = weights_of(4)
    ids = np.random.default_rng(2).integers(len(VOCABULARY), size=(20, 9))
    together, alone = SlidingLSTM(weights, 9, WINDOW_LENGTH), SlidingLSTM(weights, 1, WINDOW_LENGTH)
    for column in ids:
        assert np.array_equal(together(column)[5:6], alone(column[5:6]))


def test_probabilities_are_those_of_keras() -> None:
    weights = weights_of(5)
    network = keras.Sequential(
        [
            keras.Input((WINDOW_LENGTH, len(VOCABULARY))),
            keras.layers.LSTM(UNITS),
            keras.layers.Dense(len(VOCABULARY), activation="softmax"),
        ]
    )
    network.set_weights(list(vars(weights).values()))
    ids = np.random.default_rng(3).integers(len(VOCABULARY), size=(WINDOW_LENGTH + 10, 1))
    windows = np.stack([ids[i : i + WINDOW_LENGTH, 0] for i in range(11)])
    expected = np.asarray(network(np.eye(len(VOCABULARY), dtype=np.float32)[windows]))
    sliding = SlidingLSTM(weights, 1, WINDOW_LENGTH)
    logits = np.concatenate([sliding(column) for column in ids])[WINDOW_LENGTH - 1 :]
    assert np.allclose(reweight(logits, np.ones(11)), expected, atol=1e-5)
