import math

import numpy as np
import pytest

from stages.core.evaluation.baselines import baselines, compressor_bits_per_char, ngram_bits_per_char
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData, WindowPlan
from tests.support.text import made_up_text


def test_bits_by_hand() -> None:
    # p_1(a) = (3 + 2/2) / (4 + 2), p_1(b) = (1 + 2/2) / (4 + 2); after a: a twice and b once, after b: nothing
    p_1 = 4 / 6
    p_2 = (2 + 2 * p_1) / (3 + 2)
    bits = ngram_bits_per_char("aaab", "aa", max_order=2)
    assert bits == pytest.approx({1: -math.log2(p_1), 2: -(math.log2(p_1) + math.log2(p_2)) / 2})


def test_characters_never_seen_cost_what_a_uniform_choice_costs_at_least() -> None:
    bits = ngram_bits_per_char("a" * 50, "bcdbcdbcdb", max_order=3)
    assert all(math.isfinite(b) and b > 2 for b in bits.values())


def test_longer_contexts_help_where_the_text_is_regular() -> None:
    text = "aababb" * 200
    bits = ngram_bits_per_char(text[:1000], text[1000:], max_order=4)
    assert bits[1] == pytest.approx(1, abs=0.01)
    assert bits[4] < 0.1 < bits[3]


def test_a_copy_of_the_training_text_costs_the_compressor_far_less_than_new_text() -> None:
    generator = np.random.default_rng(0)
    text = "".join(chr(97 + i) for i in generator.integers(0, 16, 5000))
    other = "".join(chr(97 + i) for i in generator.integers(0, 16, 5000))
    assert compressor_bits_per_char(text, text) < 2
    assert 4 <= compressor_bits_per_char(text, other) < 4.8


def test_baselines_learn_from_training_and_are_measured_after_the_first_window_of_what_was_held_out() -> None:
    text = made_up_text(2000)
    window, measured = "?" * 8, "#" * 92
    tokenizer = Characters.of(text + window + measured)
    plan = WindowPlan(window_length=8, stride=2, num_characters=2100, num_validation_characters=100)
    found = baselines(WindowData(tokenizer.encode(text + window + measured), tokenizer, plan), max_order=2)
    assert list(found) == ["ngram_1_bits_per_char", "ngram_2_bits_per_char", "bzip2_bits_per_char"]
    assert found["ngram_2_bits_per_char"] == ngram_bits_per_char(text + window, measured, 2)[2]
    # a character that neither the training text nor the window has
    assert found["ngram_1_bits_per_char"] > 2 * math.log2(tokenizer.size)
