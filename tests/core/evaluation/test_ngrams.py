import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.evaluation.ngrams import held_out_probabilities
from stages.core.text.characters import Characters

VOCABULARY_SIZE = 3
ids = st.lists(st.integers(0, VOCABULARY_SIZE - 1), min_size=1, max_size=25)


def probability(training: list[int], context: list[int], character: int, vocabulary_size: int) -> float:
    """The formula of Witten and Bell as it is written down, by counting."""
    lower = probability(training, context[1:], character, vocabulary_size) if context else 1 / vocabulary_size
    n = len(context)
    followers = [training[i + n] for i in range(len(training) - n) if training[i : i + n] == context]
    if not followers:
        return lower
    distinct = len(set(followers))
    return (followers.count(character) + distinct * lower) / (len(followers) + distinct)


@settings(deadline=None)
@given(training=ids, held_out=ids)
def test_probabilities_follow_the_formula(training: list[int], held_out: list[int]) -> None:
    got = held_out_probabilities(np.array(training, np.uint8), np.array(held_out, np.uint8), VOCABULARY_SIZE, 6)
    both = training + held_out
    for order, p in got.items():
        places = [i for i in range(len(training), len(both)) if i >= order - 1]
        expected = [probability(training, both[i - order + 1 : i], both[i], VOCABULARY_SIZE) for i in places]
        assert p[len(p) - len(places) :] == pytest.approx(np.array(expected), rel=1e-12)


@settings(deadline=None, max_examples=25)
@given(training=ids, order=st.integers(1, 4))
def test_probabilities_after_every_context_sum_to_one(training: list[int], order: int) -> None:
    for context in itertools.product(range(VOCABULARY_SIZE), repeat=order - 1):
        total = 0.0
        for character in range(VOCABULARY_SIZE):
            held_out = np.array([*context, character], np.uint8)
            total += held_out_probabilities(np.array(training, np.uint8), held_out, VOCABULARY_SIZE, order)[order][-1]
        assert total == pytest.approx(1, rel=1e-12)


def test_a_large_vocabulary_does_not_overflow() -> None:
    # 1,114,112 to the power of 6 is far beyond 64 bits
    training = list(range(0, 1_114_112, 11_117)) * 2
    as_ids = np.array(training, np.uint32)
    got = held_out_probabilities(as_ids, as_ids[:60], 1_114_112, 6)
    for i in range(6, 60):
        expected = probability(training, training[i - 5 : i], training[i], 1_114_112)
        assert got[6][i] == pytest.approx(expected, rel=1e-12)


def test_no_training_text_is_a_uniform_choice() -> None:
    got = held_out_probabilities(np.zeros(0, np.uint8), np.arange(8, dtype=np.uint8), 8, 3)
    assert all((p == 1 / 8).all() for p in got.values())


def test_ids_of_any_integer_type_give_the_same_probabilities() -> None:
    text = Characters.of("abc").encode("abacabacabacaba")
    results = [held_out_probabilities(text[:9].astype(t), text[9:].astype(t), 3, 5) for t in ("u1", "u2", "u4", "i8")]
    assert all(np.array_equal(r[order], results[0][order]) for r in results for order in r)
