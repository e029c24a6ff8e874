"""The bits of held-out text, against one plain pass over every window."""

import math

import numpy as np
import pytest

from stages.core.evaluation import excerpts, held_out
from stages.core.evaluation.held_out import held_out_bits_per_char, held_out_nats
from stages.core.generation.sampling import softmax_with_temperature
from stages.core.text.windows import WindowData, WindowPlan
from tests.support.networks import description, random_network

WINDOW_LENGTH = 6
NETWORK = random_network(description(window_length=WINDOW_LENGTH))
IDS = np.random.default_rng(1).integers(0, 7, 150).astype(np.uint8)


def one_by_one(ids: np.ndarray) -> list[float]:
    """-ln p of every token after the first window, each from a stepper of its own that reads one window."""
    nats = []
    for i in range(WINDOW_LENGTH, len(ids)):
        stepper = NETWORK.stepper(1)
        for token in ids[i - WINDOW_LENGTH : i]:
            logits = stepper(np.array([token]))
        nats.append(-math.log(softmax_with_temperature(logits, np.ones(1))[0, ids[i]]))
    return nats


@pytest.mark.parametrize("length", [7, 8, 54, 55, 103, 150])
def test_every_token_after_the_first_window_is_predicted_once_from_the_window_before_it(length: int) -> None:
    assert held_out_nats(NETWORK, IDS[:length]) == pytest.approx(one_by_one(IDS[:length]), rel=1e-5)


def test_a_carried_state_has_seen_every_token_before() -> None:
    network = random_network(description(window_length=WINDOW_LENGTH, targets="every", carries_state=True))
    stepper = network.stepper(1)
    logits = np.concatenate([stepper(ids) for ids in IDS[:-1, None]])
    probabilities = softmax_with_temperature(logits, np.ones(len(logits)))
    expected = -np.log(probabilities[np.arange(len(logits)), IDS[1:]])[WINDOW_LENGTH - 1 :]
    assert held_out_nats(network, IDS) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("rows", "windows"), [(1, 1), (12, 3), (100_000, 100)])
def test_the_number_of_streams_changes_nothing(rows: int, windows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = held_out_nats(NETWORK, IDS)
    monkeypatch.setattr(held_out, "MOST_ROWS", rows)
    monkeypatch.setattr(held_out, "PIECE_IN_WINDOWS", windows)
    assert np.array_equal(held_out_nats(NETWORK, IDS), expected)


def test_bits_are_per_character_of_the_held_out_part_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = WindowPlan(window_length=WINDOW_LENGTH, stride=1, num_characters=150, num_validation_characters=50)
    data = WindowData(IDS, NETWORK.tokenizer, plan)
    nats = one_by_one(IDS[100:])
    assert held_out_bits_per_char(NETWORK, data) == pytest.approx(sum(nats) / 44 / math.log(2), rel=1e-5)
    monkeypatch.setattr(excerpts.held_out_ids, "__defaults__", (20,))
    assert held_out_bits_per_char(NETWORK, data) == pytest.approx(sum(nats[:14]) / 14 / math.log(2), rel=1e-5)
