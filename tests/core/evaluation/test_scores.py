import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.evaluation.scores import (
    PIECE_LENGTH,
    REPEATED_NGRAM,
    WORD,
    Corpus,
    distinct_ngrams,
    joined,
    repetition,
    score,
    whole_words,
)

SCORES = [
    "real_word_fraction",
    "distinct_1",
    "distinct_2",
    "distinct_3",
    "repetition",
    "copy_chars",
    "longest_copy_chars",
]
FRACTIONS = SCORES[:5]
texts = st.text("ab '-.", max_size=40)
word_lists = st.lists(st.sampled_from("abc"), max_size=12)


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
def test_every_word_of_the_corpus_is_real(text: str) -> None:
    assert Corpus(text).unknown_words(text) == []


@given(words=word_lists, n=st.integers(1, 4))
def test_distinct_ngrams_counts_what_was_not_there_before(words: list[str], n: int) -> None:
    ngrams = [words[i : i + n] for i in range(len(words) - n + 1)]
    new = [ngram not in ngrams[:i] for i, ngram in enumerate(ngrams)]
    assert distinct_ngrams(words, n) == (sum(new) / len(new) if new else 0)


def test_repetition_is_the_fraction_of_runs_seen_before() -> None:
    assert repetition(["a", "b", "c", "d", "a", "b", "c", "d"]) == pytest.approx(1 / 5)
    assert repetition(["a"] * (REPEATED_NGRAM + 9)) == pytest.approx(0.9)
    assert repetition(["a", "b", "c", "d", "e"]) == 0
    assert repetition(["a", "a", "a"]) == 0


def test_scores_of_a_text_by_hand() -> None:
    corpus = Corpus("what is good? what is bad?")
    assert score("? what is god? what is x", corpus) == {
        "real_word_fraction": 4 / 5,  # what is god what is; the x may be cut
        "distinct_1": 3 / 5,
        "distinct_2": 3 / 4,
        "distinct_3": 1.0,
        "repetition": 0.0,
        "copy_chars": 12.0,  # "od? what is "
        "longest_copy_chars": 12.0,
    }


@given(corpus=st.text(max_size=40), text=st.text(max_size=40))
def test_scores_are_finite_and_in_one_order_for_any_text(corpus: str, text: str) -> None:
    scores = score(text, Corpus(corpus))
    assert list(scores) == SCORES
    assert all(0 <= scores[name] <= 1 for name in FRACTIONS)
    assert all(type(value) is float and math.isfinite(value) for value in scores.values())


@pytest.mark.parametrize("text", ["", " " * 1000, "1886. " * 100, "e" * 1000])
def test_a_text_without_whole_words_scores_0(text: str) -> None:
    scores = score(text, Corpus("god is dead."))
    assert [scores[name] for name in FRACTIONS] == [0] * 5


@given(texts, st.integers(1, 4))
def test_scores_do_not_depend_on_how_many_pieces_there_are(text: str, num_pieces: int) -> None:
    corpus = Corpus("abba ab' a-b.")
    piece = (text + "a " * PIECE_LENGTH)[:PIECE_LENGTH]
    one, many = score(piece, corpus), score(piece * num_pieces, corpus)
    names = SCORES[:-1]
    assert [many[name] for name in names] == pytest.approx([one[name] for name in names])


@given(texts)
def test_characters_after_the_last_whole_piece_do_not_count(rest: str) -> None:
    corpus, text = Corpus("abba"), "abba baab " * (PIECE_LENGTH // 10)
    whole, longer = score(text, corpus), score(text + rest, corpus)
    assert {n: longer[n] for n in SCORES[:-1]} == {n: whole[n] for n in SCORES[:-1]}


def test_a_copy_across_pieces_counts_whole_only_as_the_longest() -> None:
    text = "".join(chr(0x4E00 + i) for i in range(2 * PIECE_LENGTH))
    scores = score(text, Corpus(text[100:600]))
    assert scores["copy_chars"] == (300 + 200) / 2
    assert scores["longest_copy_chars"] == 500


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5))))
def test_joined_spans_cover_the_same_places_apart_from_each_other(starts: list[tuple[int, int]]) -> None:
    spans = sorted((start, start + length) for start, length in starts)
    covered = "".join("x" if any(s <= i < e for s, e in spans) else " " for i in range(30))
    assert joined(spans) == [match.span() for match in re.finditer("x+", covered)]
