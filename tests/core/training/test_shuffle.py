"""The order of the windows: every number once, another one for each seed and epoch, no list of them."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.core.pipeline.randomness import generator
from stages.core.training.shuffle import Permutation


def order(size: int, random_seed: int = 0, epoch: int = 1) -> list[int]:
    numbers: list[int] = Permutation(size, generator(random_seed, "shuffle", epoch))(np.arange(size)).tolist()
    return numbers


def test_every_number_stands_once_for_all_small_sizes() -> None:
    for size in range(1, 300):
        assert sorted(order(size)) == list(range(size))


@given(size=st.integers(1, 5000), random_seed=st.integers(0, 2**32 - 1), epoch=st.integers(1, 999))
@example(size=4096, random_seed=0, epoch=1)
@example(size=4097, random_seed=0, epoch=1)
def test_every_number_stands_once(size: int, random_seed: int, epoch: int) -> None:
    assert sorted(order(size, random_seed, epoch)) == list(range(size))


def test_the_order_is_the_same_on_every_machine() -> None:
    assert order(10) == [7, 8, 4, 5, 6, 9, 0, 1, 2, 3]
    assert order(10, epoch=2) == [8, 4, 9, 2, 6, 7, 1, 5, 0, 3]


def test_seed_and_epoch_decide_the_order() -> None:
    orders = [order(200, random_seed, epoch) for random_seed in (0, 1) for epoch in (1, 2)]
    assert len({tuple(o) for o in orders}) == 4
    assert order(200, 1, 2) == orders[-1]


@given(size=st.integers(1, 2**50), positions=st.lists(st.integers(0, 2**50 - 1), min_size=1, max_size=20, unique=True))
def test_any_few_positions_of_a_huge_order_can_be_asked_for(size: int, positions: list[int]) -> None:
    asked = np.array(sorted({p % size for p in positions}))
    permutation = Permutation(size, generator(0, "shuffle", 1))
    numbers = permutation(asked)
    assert len(set(numbers.tolist())) == len(asked)
    assert ((numbers >= 0) & (numbers < size)).all()
    assert numbers.tolist() == [permutation(asked[i : i + 1])[0] for i in range(len(asked))]


def test_the_positions_given_are_left_as_they_are() -> None:
    positions = np.arange(50)
    Permutation(50, generator(0, "shuffle", 1))(positions)
    assert positions.tolist() == list(range(50))


@pytest.mark.parametrize("size", [1000, 4096, 20000])
def test_neighbours_are_spread_evenly(size: int) -> None:
    numbers = np.array(order(size))
    assert abs(np.corrcoef(np.arange(size), numbers)[0, 1]) < 4 / np.sqrt(size)
    # the first tenth takes its share of each tenth of the text
    shares = np.bincount(numbers[: size // 10] * 10 // size, minlength=10)
    assert shares.min() > size / 100 - 4 * np.sqrt(size / 100)
    assert shares.max() < size / 100 + 4 * np.sqrt(size / 100)
