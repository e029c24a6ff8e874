"""The best epoch, and the numbers to compare by."""

import math
from dataclasses import dataclass

import pandas as pd
import pytest

from stages.core.evaluation.summary import headline, summary_of_losses
from stages.core.pipeline.errors import UserError


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


def test_the_headline_has_the_numbers_to_compare_by_and_leaves_out_what_was_not_measured() -> None:
    scores = {
        "held_out_bits_per_char": 2.0,
        "best_epoch": 3,
        "best": {"gap_nats_per_char": math.log(2) / 4},
        "temperature": {"0.5": {"real_word_fraction": 0.9}, "1.0": {"real_word_fraction": 0.7}, "1.2": {}},
        "baseline": {f"ngram_{n}_bits_per_char": 5.0 - n / 2 for n in (4, 5, 6)},
    }
    whole = headline(scores)
    assert list(whole.values()) == [2.0, 3, pytest.approx(0.25), 0.9, 0.7, 2.5]
    less = headline(scores | {"temperature": {"0.5": {"copy_chars": 3.0}}, "baseline": {}})
    assert list(whole)[:3] == list(less)


def test_the_headline_fits_dvcs_tables_of_120_columns() -> None:
    scores = {
        "held_out_bits_per_char": 2.0,
        "best_epoch": 3,
        "best": {"gap_nats_per_char": 0.25},
        "temperature": {"0.5": {"real_word_fraction": 0.9}, "1.0": {"real_word_fraction": 0.7}},
        "baseline": {"ngram_5_bits_per_char": 2.5},
    }
    names = list(headline(scores))
    assert len(names) == 6
    assert len("    ".join(["reports/metrics.json", *names])) <= 120  # dvc metrics show
    assert len("   ".join(["  ├── b8e3b6e [noisy-pros]", "Nov 25, 2026", *names])) <= 120  # dvc exp show
