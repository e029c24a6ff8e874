"""Distributions, and characters drawn from them, against their plain definitions."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from stages.core.generation.sampling import (
    Float64Array,
    Ids,
    entropy_nats,
    generate,
    keep_top_k,
    keep_top_p,
    sample_categorical,
    softmax_with_temperature,
)

Logits = NDArray[np.floating]
rows_of_logits = arrays(
    np.float32, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(-80, 80, width=32)
)
temperatures = st.floats(1e-3, 1e3)


def at(logits: Logits, temperature: float) -> Float64Array:
    return softmax_with_temperature(logits, np.full(len(logits), temperature))


@given(logits=rows_of_logits, temperature=temperatures)
@example(logits=np.array([[0, 0]], np.float32), temperature=1.0)
def test_reweighting_is_the_softmax_of_log_probabilities_over_temperature(
    logits: Logits,
    temperature: float,
) -> None:
    wide = logits.astype(np.longdouble)
    log_probabilities = wide - np.log(np.exp(wide).sum(axis=1, keepdims=True))
    scaled = log_probabilities / temperature
    expected = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.allclose(at(logits, temperature), expected.astype(np.float64), rtol=1e-9, atol=1e-300)


@given(logits=rows_of_logits)
def test_temperature_1_leaves_the_distribution(logits: Logits) -> None:
    weights = np.exp(logits.astype(np.float64))
    assert np.allclose(at(logits, 1.0), weights / weights.sum(axis=1, keepdims=True), rtol=1e-12)


@given(logits=rows_of_logits)
def test_temperature_0_is_the_first_of_the_most_likely(logits: Logits) -> None:
    probabilities = at(logits, 0.0)
    assert probabilities.argmax(axis=1).tolist() == [row.tolist().index(max(row.tolist())) for row in logits]
    assert sorted(set(probabilities.reshape(-1).tolist())) in ([0.0, 1.0], [1.0])
    assert np.array_equal(entropy_nats(probabilities), np.zeros(len(logits)))


@given(logits=rows_of_logits)
def test_infinite_temperature_is_uniform(logits: Logits) -> None:
    size = logits.shape[1]
    probabilities = at(logits, math.inf)
    assert np.array_equal(probabilities, np.full(logits.shape, 1 / size))
    assert entropy_nats(probabilities) == pytest.approx(math.log(size))


@given(logits=rows_of_logits, temperature=st.floats(0, 1e300))
@example(logits=np.array([[-80, 80, 79.9]], np.float32), temperature=5e-324)
@example(logits=np.array([[1e38, -1e38, 0]], np.float32), temperature=1e-300)
def test_every_temperature_gives_a_distribution(logits: Logits, temperature: float) -> None:
    probabilities = at(logits, temperature)
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    assert probabilities.sum(axis=1) == pytest.approx(1)


def test_a_tiny_temperature_shares_between_equals() -> None:
    assert at(np.array([[3.0, 3.0, 2.0]]), 1e-300).tolist() == [[0.5, 0.5, 0.0]]


def test_each_row_has_its_own_temperature() -> None:
    logits = np.log(np.array([[0.2, 0.8]] * 4))
    assert softmax_with_temperature(logits, np.array([0, 0.5, 1, math.inf])) == pytest.approx(
        np.array([[0, 1], [0.04 / 0.68, 0.64 / 0.68], [0.2, 0.8], [0.5, 0.5]])
    )


@given(logits=rows_of_logits, low=temperatures, high=temperatures)
def test_entropy_does_not_fall_with_temperature(logits: Logits, low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert (entropy_nats(at(logits, low)) <= entropy_nats(at(logits, high)) + 1e-9).all()


def test_entropy_of_known_distributions() -> None:
    distributions = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4, [0.5, 0.25, 0.25, 0]])
    assert entropy_nats(distributions) / math.log(2) == pytest.approx([0, 1, 2, 1.5])


weights = st.lists(st.floats(0, 1), min_size=1, max_size=6).filter(lambda w: sum(w) > 1e-6)


@given(weights=weights, uniform=st.floats(0, 1, exclude_max=True))
@example(weights=[0.0, 0.3, 0.0], uniform=0.0)
@example(weights=[0.1] * 3 + [0.0], uniform=1 - 2**-53)
def test_a_draw_inverts_the_cumulative_sum(weights: list[float], uniform: float) -> None:
    (drawn,) = sample_categorical(np.array([weights]), np.array([uniform]))
    assert weights[drawn] > 0
    cumulative = np.cumsum(weights)
    assert cumulative[drawn] > uniform * cumulative[-1]
    assert drawn == 0 or cumulative[drawn - 1] <= uniform * cumulative[-1]


@given(weights=weights, uniforms=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=8))
def test_larger_random_numbers_draw_no_earlier_character(weights: list[float], uniforms: list[float]) -> None:
    drawn = sample_categorical(np.array([weights] * len(uniforms)), np.array(sorted(uniforms)))
    assert drawn.tolist() == sorted(drawn.tolist())


def test_draws_are_as_frequent_as_probable() -> None:
    probabilities = np.array([0.1, 0.0, 0.6, 0.3])
    uniforms = (np.arange(1000) + 0.5) / 1000
    drawn = sample_categorical(np.tile(probabilities, (1000, 1)), uniforms)
    assert np.bincount(drawn, minlength=4).tolist() == [100, 0, 600, 300]


@pytest.mark.parametrize(
    ("k", "kept"), [(1, [0, 0.5, 0, 0]), (2, [0.2, 0.5, 0.2, 0]), (3, [0.2, 0.5, 0.2, 0]), (9, [0.2, 0.5, 0.2, 0.1])]
)
def test_top_k_keeps_the_most_likely_and_their_equals(k: int, kept: list[float]) -> None:
    assert keep_top_k(k)(np.array([[0.2, 0.5, 0.2, 0.1]])).tolist() == [kept]


@pytest.mark.parametrize(
    ("p", "kept"),
    [(0.1, [0, 0.5, 0, 0]), (0.5, [0, 0.5, 0, 0]), (0.51, [0.25, 0.5, 0, 0]), (1.0, [0.25, 0.5, 0.125, 0.125])],
)
def test_top_p_keeps_the_fewest_that_reach_p(p: float, kept: list[float]) -> None:
    assert keep_top_p(p)(np.array([[0.25, 0.5, 0.125, 0.125]])).tolist() == [kept]


def counting(ids: Ids) -> Float64Array:
    """Logits that make the character after the one given almost certain, of five in a circle."""
    logits: Float64Array = np.eye(5)[(ids + 1) % 5] * 1000
    return logits


def test_generation_goes_on_from_the_prompt_and_feeds_back_what_it_drew() -> None:
    made = generate(counting, np.array([[0, 1], [3, 3]]), np.array([1.0, 0.0]), np.full((2, 6), 0.5))
    assert made.ids.tolist() == [[2, 3, 4, 0, 1, 2], [4, 0, 1, 2, 3, 4]]
    assert made.entropies_nats.tolist() == [[0.0] * 6] * 2


def test_a_stream_does_not_depend_on_those_beside_it() -> None:
    uniforms = np.random.default_rng(0).random((3, 20))
    prompts, at_temperatures = np.array([[0], [1], [2]]), np.array([0.5, math.inf, 400])
    together = generate(counting, prompts, at_temperatures, uniforms)
    for i in range(3):
        alone = generate(counting, prompts[i : i + 1], at_temperatures[i : i + 1], uniforms[i : i + 1])
        assert alone.ids.tolist() == together.ids[i : i + 1].tolist()
        assert alone.entropies_nats.tolist() == together.entropies_nats[i : i + 1].tolist()


def test_generation_ends_after_the_character_it_is_told_to_end_at() -> None:
    made = generate(counting, np.array([[0]]), np.ones(1), np.full((1, 9), 0.5), on_token=lambda ids: ids[0] == 3)
    assert made.ids.tolist() == [[1, 2, 3]]
    assert made.entropies_nats.shape == (1, 3)


def test_filters_apply_before_drawing_and_to_the_entropy() -> None:
    made = generate(
        lambda ids: np.zeros((len(ids), 4)),
        np.array([[0]]),
        np.ones(1),
        np.array([[0.0, 0.99]]),
        filters=(keep_top_p(0.5),),
    )
    assert made.ids.tolist() == [[0, 1]]
    assert made.entropies_nats == pytest.approx(math.log(2))
