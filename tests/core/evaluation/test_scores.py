import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.evaluation.corpus import Corpus
from stages.core.evaluation.scores import (
    PIECE_LENGTH,
    REPEATED_NGRAM,
    WORD_SCORES,
    distinct_ngrams,
    repetition,
    score,
)

COPY_SCORES = ["copy_chars", "longest_copy_chars"]
SCORES = [*WORD_SCORES, *COPY_SCORES]
texts = st.text("ab '-.", max_size=40)
word_lists = st.lists(st.sampled_from("abc"), max_size=12)


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
    compared = Corpus(corpus)
    scores = score(text, compared)
    assert list(scores) == (SCORES if compared.has_spaces else COPY_SCORES)
    assert all(0 <= scores[name] <= 1 for name in scores.keys() - COPY_SCORES)
    assert all(type(value) is float and math.isfinite(value) for value in scores.values())


@pytest.mark.parametrize("text", ["", " " * 1000, "1886. " * 100, "e" * 1000])
def test_a_text_without_whole_words_scores_0(text: str) -> None:
    scores = score(text, Corpus("god is dead."))
    assert [scores[name] for name in WORD_SCORES] == [0] * 5


@given(texts, st.integers(1, 4))
def test_scores_do_not_depend_on_how_many_pieces_there_are(text: str, num_pieces: int) -> None:
    corpus = Corpus("abba ab' a-b.")
    piece = (text + "a " * PIECE_LENGTH)[:PIECE_LENGTH]
    one, many = score(piece, corpus), score(piece * num_pieces, corpus)
    names = SCORES[:-1]
    assert [many[name] for name in names] == pytest.approx([one[name] for name in names])


@given(texts)
def test_characters_after_the_last_whole_piece_do_not_count(rest: str) -> None:
    corpus, text = Corpus("abba a"), "abba baab " * (PIECE_LENGTH // 10)
    whole, longer = score(text, corpus), score(text + rest, corpus)
    assert {n: longer[n] for n in SCORES[:-1]} == {n: whole[n] for n in SCORES[:-1]}


def test_a_copy_across_pieces_counts_whole_only_as_the_longest() -> None:
    text = "".join(chr(0x4E00 + i) for i in range(2 * PIECE_LENGTH))
    scores = score(text, Corpus(text[100:600]))
    assert scores["copy_chars"] == (300 + 200) / 2
    assert scores["longest_copy_chars"] == 500
