"""The outputs of the other stages, read and checked."""

from pathlib import Path

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
