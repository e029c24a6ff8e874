"""What the Markdown report says, and that no text of a corpus becomes markup in it."""

import html
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stages.core.pipeline.visible import visible
from stages.core.report.markdown import SPECIAL, as_html, report_markdown
from tests.support.results_example import example_results

LABELS = {"real_word_fraction": "Words in the corpus", "entropy_bits": "Entropy, bits"}


def report(folder: Path) -> str:
    results = example_results(folder, epochs=())
    prompted = results.samples.assign(prompt="<b>*a prompt*")
    return report_markdown(results.metrics, results.samples, prompted, LABELS)


def test_report_leads_with_the_best_epoch_in_bits(tmp_path: Path) -> None:
    assert report(tmp_path).startswith("# Report\n\nBest epoch: **2** of 3, **")
    assert "nats" not in report(tmp_path)


def test_tables_of_losses_and_of_baselines(tmp_path: Path) -> None:
    lines = report(tmp_path).splitlines()
    assert "| best: 2 | 2.164 | 2.000 | -0.164 |" in lines
    assert "| last: 3 | 2.164 | 2.000 | – |" in lines
    assert "| 2-gram | 3.250 |" in lines
    assert "| bzip2 | 2.500 |" in lines


def test_table_of_scores_leaves_gaps_where_nothing_was_measured(tmp_path: Path) -> None:
    lines = report(tmp_path).splitlines()
    assert "| score | temperature 0.5 | temperature 1.0 | held-out human text |" in lines
    assert "| Words in the corpus | 0.500 |  | 0.960 |" in lines
    assert "| Entropy, bits | 1.500 | 2.250 |  |" in lines


def test_samples_stand_side_by_side_by_temperature(tmp_path: Path) -> None:
    text = report(tmp_path)
    assert text.count("### Temperature 0.5\n\n<table>") == 2
    heads = "<table><tr><th>epoch 1</th><th>epoch 2 (best)</th><th>epoch 3</th></tr>"
    assert text.count(heads) == 4
    assert text.count("zzz 0.5") == 2 * 3
    assert "The prompt: &#60;b&#62;&#42;a prompt&#42;\n" in text


def test_every_figure_that_it_shows_is_one_that_the_stage_writes(tmp_path: Path) -> None:
    assert set(re.findall(r"\]\((.*?)\)", report(tmp_path))) == {"figures/loss.svg", "figures/distribution.svg"}


@given(st.text())
def test_any_text_reads_back_from_a_cell_and_is_never_markup(text: str) -> None:
    written = as_html(text)
    assert html.unescape(written.replace("<br>", "\n")) == visible(text).replace("\t", " ")
    assert not set(re.sub(r"<br>|&#\d+;", "", written)) & set(SPECIAL)
