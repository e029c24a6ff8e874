import numpy as np
import pytest
from numpy.typing import NDArray

from stages.core.generation.long_text import long_text
from stages.core.text.windows import WindowData, WindowPlan
from tests.support.networks import description, random_network

NETWORK = random_network(description(window_length=6))
IDS = np.random.default_rng(1).integers(0, 7, 50).astype(np.uint8)
DATA = WindowData(
    IDS, NETWORK.tokenizer, WindowPlan(window_length=6, stride=1, num_characters=50, num_validation_characters=10)
)


@pytest.mark.parametrize("length", [1, 19, 20, 21, 55])
def test_a_long_text_has_its_length_and_repeats_with_its_seed(length: int) -> None:
    made = [long_text(NETWORK, DATA, 1.0, length, 20, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert [len(text) for text, _ in made] == [length] * 3
    assert made[0] == made[1] and made[0][1] != made[2][1]


def test_it_tells_of_each_token_and_can_be_ended() -> None:
    told: list[int] = []

    def on_token(ids: NDArray[np.int64]) -> bool:
        told.append(len(ids))
        return len(told) == 5

    text, _ = long_text(NETWORK, DATA, 1.0, 55, 20, np.random.default_rng(0), on_token)
    assert told == [3] * 5
    assert len(text) == 15


def test_a_temperature_of_infinity_draws_each_token_alike() -> None:
    text, entropy_nats = long_text(NETWORK, DATA, np.inf, 700, 100, np.random.default_rng(0))
    assert entropy_nats == pytest.approx(np.log(7))
    assert min(text.count(c) for c in "abcdefg") > 50
