"""The best epoch, and what it is held against."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from stages.core.evaluation.ngrams import ngram_bits_per_char
from stages.core.evaluation.scores import Corpus
from stages.core.pipeline.errors import UserError
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData, WindowPlan
from stages.evaluate import baselines, scores_of_samples, summary_of_losses
from tests.support.text import made_up_text


@dataclass(frozen=True)
class Losses:
    """Of one epoch, in nats."""

    training: float
    validation: float


def history(*epochs: Losses) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "epoch": range(1, len(epochs) + 1),
            "loss_nats_per_char": [e.training for e in epochs],
            "val_loss_nats_per_char": [e.validation for e in epochs],
            "val_bits_per_char": [e.validation / math.log(2) for e in epochs],
            "num_rollbacks": [i % 2 for i in range(len(epochs))],
        }
    )


def test_the_best_epoch_has_the_lowest_validation_loss_and_is_the_first_of_equals() -> None:
    table = history(Losses(2.0, 1.9), Losses(1.5, 1.6), Losses(1.25, 1.5), Losses(1.0, 1.5), Losses(0.5, 2.0))
    summary = summary_of_losses(table)
    assert (summary["best_epoch"], summary["last_epoch"], summary["num_rollbacks"]) == (3, 5, 2)
    assert summary["best"] == {
        "loss_nats_per_char": 1.25,
        "val_loss_nats_per_char": 1.5,
        "val_bits_per_char": 1.5 / math.log(2),
        "gap_nats_per_char": 0.25,
    }
    assert summary["last"]["gap_nats_per_char"] == 1.5


def test_an_epoch_that_diverged_is_not_the_best_and_has_no_losses() -> None:
    summary = summary_of_losses(history(Losses(math.nan, math.nan), Losses(2.0, 1.9), Losses(math.nan, math.nan)))
    assert summary["best_epoch"] == 2
    assert set(summary["last"].values()) == {None}


def test_without_any_loss_there_is_no_best_epoch() -> None:
    with pytest.raises(UserError, match=r"^reports/history.csv: no epoch has a validation loss. Lower train.learning_"):
        summary_of_losses(history(Losses(math.nan, math.nan)))


def test_baselines_learn_from_training_and_are_measured_on_what_was_held_out() -> None:
    text = made_up_text(2000)
    vocabulary = Characters.of(text + "#")
    plan = WindowPlan(window_length=8, stride=2, num_characters=2100, num_validation_characters=100)
    ids = vocabulary.encode(text + "#" * 100)
    found = baselines(WindowData(ids, vocabulary, plan), max_order=2)
    expected = ngram_bits_per_char(ids[:2000], ids[2000:], vocabulary.size, 2)
    assert found["ngram_1_bits_per_char"] == expected[1]
    # a character that the training text does not have
    assert found["ngram_1_bits_per_char"] > 2 * math.log2(vocabulary.size)
    assert list(found) == ["ngram_1_bits_per_char", "ngram_2_bits_per_char", "bzip2_bits_per_char"]


def test_scores_are_means_over_the_prompts_of_an_epoch_and_temperature() -> None:
    corpus = Corpus("one two three four five six")
    texts = {"all real": " one two three four ", "none real": " eno owt eerht ruof "}
    rows = [
        {"epoch": 1, "temperature": t, "prompt": prompt, "text": text, "entropy_nats": t * math.log(2)}
        for t in (0.5, 1.0)
        for prompt, text in texts.items()
    ]
    table = scores_of_samples(pd.DataFrame(rows), corpus, piece_length=20)
    assert table["temperature"].tolist() == [0.5, 1.0]
    np.testing.assert_allclose(table["entropy_bits"], [0.5, 1.0])
    assert table["real_word_fraction"].tolist() == [0.5, 0.5]
    assert "longest_copy_chars" not in table  # of long texts and short ones it could not be compared
