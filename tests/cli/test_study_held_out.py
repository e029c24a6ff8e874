"""What the experiments of a study say of the same held-out characters."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.cli import study_held_out
from stages.cli.study_held_out import WEIGHTS, Prediction, common_span, mixed, predict
from stages.core.evaluation.held_out import held_out_bits_per_char, held_out_nats
from stages.core.evaluation.ngrams import held_out_probabilities
from stages.core.pipeline.errors import UserError
from stages.core.text.windows import WindowData, WindowPlan
from tests.support.networks import description, random_network

WINDOW_LENGTH = 6
NETWORK = random_network(description(window_length=WINDOW_LENGTH))
IDS = np.random.default_rng(1).integers(0, 7, 400).astype(np.uint8)


def data(num_held_out: int, ids: np.ndarray = IDS) -> WindowData:
    plan = WindowPlan(
        window_length=WINDOW_LENGTH, stride=1, num_characters=len(ids), num_validation_characters=num_held_out
    )
    return WindowData(ids, NETWORK.tokenizer, plan)


def prediction(*lengths: int, after: int = 0) -> Prediction:
    """Of tokens of some lengths, each as many bits as it is long, with `after` characters after them."""
    ends = [after + sum(lengths[i:]) for i in range(len(lengths) + 1)]
    nats = np.array(lengths) * math.log(2)
    return Prediction(nats=nats, nats_mixed=nats * 0.5, ends=np.array(ends))


def test_a_part_is_measured_as_evaluation_measures_it() -> None:
    found = predict(NETWORK, data(100), 6)
    assert found.bits_per_char(found.nats, common_span([found])) == held_out_bits_per_char(NETWORK, data(100))


def test_the_longer_part_is_measured_where_the_shorter_one_is() -> None:
    long, short = predict(NETWORK, data(150), 6), predict(NETWORK, data(100), 6)
    span = common_span([long, short])
    assert span == (94, 0)
    expected = math.fsum(long.nats[-94:]) / math.log(2) / 94
    assert long.bits_per_char(long.nats, span) == expected
    assert short.bits_per_char(short.nats, span) == pytest.approx(expected, rel=1e-6)


def test_only_the_first_tokens_of_a_large_text_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_held_out, "MOST_HELD_OUT", 50)
    found = predict(NETWORK, data(100), 6)
    assert np.array_equal(found.nats, held_out_nats(NETWORK, IDS[300:350]))
    assert common_span([found]) == (94, 50)


PROBABILITIES = st.lists(st.tuples(*[st.floats(1e-6, 1.0)] * 3), min_size=1, max_size=40)


@given(PROBABILITIES)
def test_a_mixture_is_hardly_worse_than_its_best_part_and_sees_nothing_to_come(p: list[tuple[float, ...]]) -> None:
    network, *ngrams = np.array(p).T
    nats = mixed(-np.log(network), np.array(ngrams))
    parts = [(1 - weight) * network + weight * each for each in ngrams for weight in WEIGHTS]
    assert nats.sum() <= min(-np.log(part).sum() for part in parts) + math.log(len(parts)) + 1e-6
    assert nats[0] == pytest.approx(-np.log(np.mean([part[0] for part in parts])))
    half = (len(p) + 1) // 2
    assert nats[:half] == pytest.approx(mixed(-np.log(network[:half]), np.array(ngrams)[:, :half]), abs=1e-9)


def test_n_grams_are_counted_in_the_text_before() -> None:
    regular = np.tile(np.arange(7, dtype=np.uint8), 60)[:400]  # n-grams know it, a random network does not
    found = predict(NETWORK, data(100, regular), 6)
    assert found.nats_mixed[-1] < 0.1 < found.nats[-1]
    ngrams = held_out_probabilities(regular[:306], regular[306:], 7, 6)
    assert np.array_equal(found.nats_mixed, mixed(found.nats, np.array(list(ngrams.values()))))


LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=30)


@given(LENGTHS, LENGTHS, st.integers(0, 20))
def test_whole_tokens_of_the_common_part_are_counted_per_character(a: list[int], b: list[int], after: int) -> None:
    one, other = prediction(*a), prediction(*b, after=after)
    if sum(a) <= after:
        with pytest.raises(UserError, match=f"^{re.escape('The experiments hold out no part of the text in common')}"):
            common_span([one, other])
        return
    span = common_span([one, other])
    assert span == (min(sum(a), after + sum(b)), after)
    for each in (one, other):
        inside = [
            n
            for n, start, end in zip(each.nats, each.ends[:-1], each.ends[1:], strict=True)
            if span[0] >= start and end >= span[1]
        ]
        if inside:
            assert each.bits_per_char(each.nats, span) == pytest.approx(1.0)
            assert each.bits_per_char(each.nats_mixed, span) == pytest.approx(0.5)
