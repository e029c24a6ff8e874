"""The states kept under way against every window run from the start."""

import numpy as np
import pytest

from stages.core.generation.continuation import continue_prompt
from stages.core.generation.sampling import entropy_nats, sample_categorical, softmax_with_temperature
from stages.core.training.keras.tensorflow import keras
from tests.support import lstm_reference as reference
from tests.support.networks import description, random_network

DESCRIPTION = description()
TOKENIZER, WINDOW_LENGTH = DESCRIPTION.tokenizer, DESCRIPTION.window_length
TEMPERATURES = (0.0, 0.3, 1.0, 1.5, np.inf)


@pytest.mark.parametrize("window_length", [1, 2, 6, 40])
def test_logits_are_of_exactly_the_last_window(window_length: int) -> None:
    num_streams = 3
    network = random_network(description(window_length=window_length))
    ids = np.random.default_rng(1).integers(TOKENIZER.size, size=(30, num_streams))
    next_logits = network.stepper(num_streams)
    for step, column in enumerate(ids):
        window = ids[max(0, step + 1 - window_length) : step + 1]
        assert np.allclose(next_logits(column), reference.logits(network.weights, window.T), atol=1e-4)


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize("prompt", ["a", "abcdefg", "gabfdcae" * 3])
def test_continuations_are_those_of_the_plain_network(epoch: int, prompt: str) -> None:
    network, length = random_network(DESCRIPTION, epoch), 40
    generators = [np.random.default_rng([epoch, i]) for i in range(len(TEMPERATURES))]
    made = continue_prompt(network, prompt, TEMPERATURES, length, generators)
    for i, temperature in enumerate(TEMPERATURES):
        text, entropies = prompt, []
        for uniform in np.random.default_rng([epoch, i]).random(length):
            window = TOKENIZER.encode(text[-WINDOW_LENGTH:])[None]
            probabilities = softmax_with_temperature(reference.logits(network.weights, window), np.array([temperature]))
            entropies.append(entropy_nats(probabilities)[0])
            text += TOKENIZER.texts[sample_categorical(probabilities, np.array([uniform]))[0]]
        assert made[i].text == text[len(prompt) :]
        assert made[i].entropy_nats == pytest.approx(np.mean(entropies), abs=1e-4)


def test_a_stream_is_the_same_alone_and_beside_others() -> None:
    network = random_network(DESCRIPTION, 4)
    ids = np.random.default_rng(2).integers(TOKENIZER.size, size=(20, 9))
    together, alone = network.stepper(9), network.stepper(1)
    for column in ids:
        assert np.array_equal(together(column)[5:6], alone(column[5:6]))


def test_probabilities_are_those_of_keras() -> None:
    network = random_network(DESCRIPTION, 5)
    size, units = TOKENIZER.size, DESCRIPTION.settings["units"]
    model = keras.Sequential(
        [
            keras.Input((WINDOW_LENGTH, size)),
            keras.layers.LSTM(units),
            keras.layers.Dense(size, activation="softmax"),
        ]
    )
    model.set_weights(list(network.weights.values()))
    ids = np.random.default_rng(3).integers(size, size=(WINDOW_LENGTH + 10, 1))
    windows = np.stack([ids[i : i + WINDOW_LENGTH, 0] for i in range(11)])
    expected = np.asarray(model(np.eye(size, dtype=np.float32)[windows]))
    next_logits = network.stepper(1)
    logits = np.concatenate([next_logits(column) for column in ids])[WINDOW_LENGTH - 1 :]
    assert np.allclose(softmax_with_temperature(logits, np.ones(11)), expected, atol=1e-5)
