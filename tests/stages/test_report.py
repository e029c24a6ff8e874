"""What stage report does with settings that do not fit the run, and the prompt that it continues."""

import logging
from pathlib import Path

import pytest

from stages.core.pipeline.params import ReportParams
from stages.report import known_prompt, prompt_samples, shown_epochs, write_figures
from tests.support.results_example import EPOCHS, TEMPERATURES, example_results


def params(**changes: object) -> ReportParams:
    settings = {
        "random_seed": 0,
        "prompt": None,
        "prompt_epochs": (1, 3),
        "distribution_temperatures": (0.5, 1.0),
        "copied_passage_length": 10,
    }
    return ReportParams(**settings | changes)  # type: ignore[arg-type]


def test_epochs_that_were_not_trained_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    results = example_results(tmp_path)
    assert shown_epochs((1, 500, 700), results) == [0, 1, 2]
    assert caplog.messages == [
        "params.yaml: report.prompt_epochs names 500, 700, but this run has epochs 1 to 3. Left out."
    ]
    caplog.clear()
    assert shown_epochs((3,), example_results(tmp_path / "older", epochs=EPOCHS)) == [2, 3]
    assert caplog.messages == []


def test_characters_that_the_corpus_lacks_are_named_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    results = example_results(tmp_path, epochs=())
    assert known_prompt("down #1\x1b hill", results) == "down  hill"
    (message,) = caplog.messages
    assert message.startswith("params.yaml: report.prompt has characters that the corpus does not have: ")
    assert "U+001B" in message
    assert known_prompt("###", results) == known_prompt(None, results) == results.unread_prompt


def test_one_prompt_is_continued_at_each_epoch_and_temperature(tmp_path: Path) -> None:
    results = example_results(tmp_path)
    table = prompt_samples(results, params(prompt="down the hill"), 30)
    assert table[["epoch", "temperature"]].to_numpy().tolist() == [[e, t] for e in (0, *EPOCHS) for t in TEMPERATURES]
    assert set(table["prompt"]) == {"down the hill"}
    assert set(map(len, table["text"])) == {30}
    assert table.equals(prompt_samples(results, params(prompt="down the hill"), 30))


def test_a_figure_for_each_score_that_was_measured(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    write_figures(example_results(tmp_path / "models"), params(), tmp_path / "figures")
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        *("distribution.svg", "entropy_bits.svg", "loss.svg", "real_word_fraction.svg")
    ]
    assert caplog.messages == []
