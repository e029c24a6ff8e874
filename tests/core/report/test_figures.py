"""What the figures show, and that any corpus can be drawn."""

import logging
import re
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.patches import Rectangle

from stages.core.generation.sampling import softmax_with_temperature
from stages.core.pipeline.visible import HARMFUL, visible
from stages.core.report.figures import distribution_figure, loss_figure, save_figure, score_figure
from tests.support.results_example import BEST_EPOCH, EPOCHS, TEMPERATURES, example_results, history

LOGITS = np.array([0.0, 2.0, 1.0, -1.0])


def texts_of(path: Path) -> list[str]:
    """The texts of an SVG; fails where it is not well-formed XML."""
    root = ElementTree.fromstring(path.read_bytes())
    return ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_loss_figure_shows_both_losses_in_bits_the_best_epoch_and_one_entry_for_all_rollbacks() -> None:
    axes = loss_figure(history(), BEST_EPOCH).axes[0]
    training, validation, best, rollback = axes.lines
    assert np.allclose(training.get_ydata(), np.array([2.0, 1.5, 1.0]) / np.log(2))
    assert np.asarray(validation.get_ydata()).tolist() == [3.0, 2.0, 2.5]
    assert (np.asarray(best.get_xdata()).tolist(), np.asarray(best.get_ydata()).tolist()) == ([BEST_EPOCH], [2.0])
    assert np.asarray(rollback.get_xdata()).tolist() == [3, 3]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["training", "validation", "best epoch: 2", "rollback"]
    assert axes.get_ylabel() == "loss, bits per character"


def test_distribution_figure_shows_the_likeliest_first_reweighted_at_each_temperature() -> None:
    temperatures = (0.0, 0.5, 1.0, np.inf)
    figure = distribution_figure(LOGITS, ("a", " ", "\n", "$"), temperatures, "a prompt\nof $5 $")
    expected = softmax_with_temperature(np.tile(LOGITS, (4, 1)), np.array(temperatures))[:, [1, 2, 0, 3]]
    for axes, row in zip(figure.axes, expected, strict=True):
        heights = [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]
        assert np.allclose(heights, row)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[0] == "temperature 0.0: 0.00 bits"
    assert titles[3] == "temperature inf: 2.00 bits"
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == ["␣", "⏎", "a", "$"]
    assert figure.get_suptitle() == "Next character after “…a prompt of $5 $”"


def test_score_figure_has_a_line_for_each_temperature_and_one_for_people(tmp_path: Path) -> None:
    scores = example_results(tmp_path, epochs=()).scores
    axes = score_figure(scores, "entropy_bits", "Entropy", human=1.25).axes[0]
    assert [line.get_label() for line in axes.lines] == ["temperature 0.5", "temperature 1.0", "held-out human text"]
    for line, temperature in zip(axes.lines, TEMPERATURES, strict=False):
        assert np.asarray(line.get_ydata()).tolist() == [epoch + temperature for epoch in EPOCHS]
    assert len(score_figure(scores, "entropy_bits", "Entropy", human=None).axes[0].lines) == len(TEMPERATURES)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tokens=st.lists(st.text(min_size=1, max_size=3), min_size=4, max_size=4), prompt=st.text(max_size=40))
def test_any_tokens_and_any_prompt_make_well_formed_svg(tmp_path: Path, tokens: list[str], prompt: str) -> None:
    save_figure(distribution_figure(LOGITS, tokens, (1.0,), prompt), tmp_path / "distribution.svg")
    for text in texts_of(tmp_path / "distribution.svg"):
        assert not HARMFUL.search(text)


def test_control_and_bidirectional_characters_are_named(tmp_path: Path) -> None:
    tokens = ("\x0c", "\x1b", "\0", "\u202e")
    save_figure(distribution_figure(LOGITS, tokens, (1.0,), "a\x0bb"), tmp_path / "d.svg")
    texts = texts_of(tmp_path / "d.svg")
    assert set(map(visible, tokens)) == {r"\x0c", r"\x1b", r"\x00", r"\u202e"} <= set(texts)
    assert r"Next character after “…a\x0bb”" in texts


def test_missing_glyphs_are_said_once_and_stay_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    save_figure(distribution_figure(LOGITS, ("道", "可", "a", "b"), (0.5, 1.0), "道可道"), tmp_path / "d.svg")
    assert [re.sub(r"^\S+/", "", record.getMessage()) for record in caplog.records] == [
        "d.svg: open it where a font has 可 道; a browser finds one."
    ]
    assert "道" in texts_of(tmp_path / "d.svg")


def test_other_warnings_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = loss_figure(history(), BEST_EPOCH)
    monkeypatch.setattr(figure, "savefig", lambda partial, **_: (partial.touch(), warnings.warn("odd", stacklevel=1)))
    with pytest.warns(UserWarning, match="odd"):
        save_figure(figure, tmp_path / "loss.svg")
