import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.evaluation.corpus import WORD, Corpus, joined, whole_words

texts = st.text("ab '-.", max_size=40)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("man's will to-day", ["man's", "will", "to-day"]),
        ("it is so--and 'not' so", ["it", "is", "so", "and", "not", "so"]),
        ("übermensch naïve œuvre", ["übermensch", "naïve", "œuvre"]),
        ("18th snake_case 1886", ["th", "snake", "case"]),
        ("_", []),
    ],
)
def test_a_word_is_letters_joined_by_single_apostrophes_or_hyphens(text: str, words: list[str]) -> None:
    assert WORD.findall(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ead the book", ["the"]),
        (" god is dea", ["god", "is"]),
        (" god is dead.", ["god", "is", "dead"]),
        (" i don'", ["i"]),
        ("'t is so.", ["is", "so"]),
        (" the self-", ["the"]),
        ("uncut", []),
        ("", []),
    ],
)
def test_words_that_the_ends_may_have_cut_are_left_out(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in whole_words(text)] == words


@given(text=texts, before=st.text("ab'-", max_size=3), after=st.text("ab'-", max_size=3))
def test_whole_words_stay_words_whatever_text_was_cut_off(text: str, before: str, after: str) -> None:
    uncut = {(m.start() - len(before), m.end() - len(before)) for m in WORD.finditer(before + text + after)}
    assert set(whole_words(text)) <= uncut


def test_unknown_words_are_those_the_corpus_lacks_as_a_whole() -> None:
    corpus = Corpus("the will to power")
    assert corpus.unknown_words(" the wil to powers, Power .") == [(5, 8), (12, 18), (20, 25)]


@given(texts)
def test_every_word_of_the_corpus_is_known(text: str) -> None:
    assert Corpus(text).unknown_words(text) == []


@pytest.mark.parametrize(
    ("text", "has_spaces"),
    [
        ("the will to power\nand the eternal recurrence\n", True),
        ("Donaudampfschiffahrtsgesellschaft ist lang", True),
        ("T:A Tune\nM:6/8\nK:G\nGAB d2e | dBA B2A | GED G2A |\n", True),
        ("子曰：「學而時習之，不亦說乎？」\n有朋自遠方來，不亦樂乎？\n", False),
        ("a\nb\nc\nd\n", False),
    ],
)
def test_words_are_scored_where_spaces_separate_them(text: str, has_spaces: bool) -> None:
    corpus = Corpus(text * 20)
    assert corpus.has_spaces is has_spaces
    assert bool(corpus.unknown_words(" qqq ")) is has_spaces


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5))))
def test_joined_spans_cover_the_same_places_apart_from_each_other(starts: list[tuple[int, int]]) -> None:
    spans = sorted((start, start + length) for start, length in starts)
    covered = "".join("x" if any(s <= i < e for s, e in spans) else " " for i in range(30))
    assert joined(spans) == [match.span() for match in re.finditer("x+", covered)]
