"""The outputs of the other stages, read and checked."""

from pathlib import Path

import pytest

from stages.core.pipeline.errors import UserError
from stages.core.report.results import read_metrics, read_scores
from tests.support.results_example import NUM_HELD_OUT, example_results


def test_prompt_is_held_out_text_up_to_a_word(tmp_path: Path) -> None:
    text = "a long road leads to the next hill, and on. " * 40
    results = example_results(tmp_path, text, epochs=())
    held_out = text[-NUM_HELD_OUT:]
    assert held_out.startswith(results.unread_prompt)
    assert results.unread_prompt[-1] == " "
    assert results.held_out_text(50) == held_out[:50]


def test_text_without_spaces_has_no_words(tmp_path: Path) -> None:
    assert example_results(tmp_path, "wer reitet so spät durch nacht und wind?\n" * 30, epochs=()).has_words
    assert not example_results(tmp_path, "道可道非常道名可名非常名無名天地之始有名萬物之母\n" * 60, epochs=()).has_words


def test_a_score_that_was_left_out_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("epoch,temperature,entropy_bits\n1,0.5,1.25\n1,inf,\n", encoding="utf-8")
    table = read_scores(path)
    assert list(table) == ["epoch", "temperature", "entropy_bits"]
    assert table["epoch"].tolist() == [1, 1]


@pytest.mark.parametrize("content", ["", "epoch\n1\n", "epoch,temperature\nx,0.5\n"])
def test_a_damaged_table_of_scores_is_one_message(tmp_path: Path, content: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"scores\.csv: damaged"):
        read_scores(path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"best_epoch": 1}', "null"])
def test_damaged_metrics_are_one_message(tmp_path: Path, content: str) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"metrics\.json: damaged"):
        read_metrics(path)
