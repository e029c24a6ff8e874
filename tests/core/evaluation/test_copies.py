from hypothesis import example, given
from hypothesis import strategies as st

from stages.core.evaluation.copies import CopyFinder

# few characters, so that there are copies; one outside the Basic Multilingual Plane and one no encoding takes
texts = st.text("ab\n\U0001f600\udc80", max_size=30)


def longest_match(corpus: str, text: str, start: int) -> int:
    return max(length for length in range(len(text) - start + 1) if text[start : start + length] in corpus)


@given(corpus=texts, text=texts)
@example(corpus="", text="a")
@example(corpus="a" * 30, text="a" * 40)
@example(corpus="abcdefg", text="gfedcba")
def test_every_match_is_the_longest_there_is(corpus: str, text: str) -> None:
    lengths = CopyFinder(corpus).match_lengths(text)
    assert lengths.tolist() == [longest_match(corpus, text, i) for i in range(len(text))]


@given(corpus=texts, text=texts)
def test_longest_copy_is_the_longest_common_substring(corpus: str, text: str) -> None:
    substrings = {text[i:j] for i in range(len(text) + 1) for j in range(i, len(text) + 1)}
    assert CopyFinder(corpus).longest_copy(text) == max(len(s) for s in substrings if s in corpus)


@given(corpus=texts, text=texts, min_length=st.integers(1, 8))
def test_copied_passages_are_all_copies_that_cannot_grow(corpus: str, text: str, min_length: int) -> None:
    expected = [
        (start, end)
        for start in range(len(text))
        for end in range(start + 1, len(text) + 1)
        if text[start:end] in corpus
        and len(text[start:end].strip()) >= min_length
        and (start == 0 or text[start - 1 : end] not in corpus)
        and (end == len(text) or text[start : end + 1] not in corpus)
    ]
    assert CopyFinder(corpus).copied_passages(text, min_length) == expected


@given(st.text(max_size=40), st.data())
def test_any_part_of_the_corpus_is_one_copy(corpus: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(corpus)))
    end = data.draw(st.integers(start, len(corpus)))
    assert CopyFinder(corpus).longest_copy(corpus[start:end]) == end - start


def test_passages_may_overlap_but_none_lies_within_another() -> None:
    finder = CopyFinder("abcd-cdef")
    assert finder.copied_passages("abcdef", min_length=2) == [(0, 4), (2, 6)]
    assert finder.copied_passages("abcdef", min_length=5) == []


def test_white_space_around_a_passage_does_not_make_it_long_enough() -> None:
    finder = CopyFinder("end.\n\n\n\nso")
    assert finder.copied_passages("x.\n\n\n\ny", min_length=3) == []
    assert finder.copied_passages("x.\n\n\n\nsy", min_length=6) == [(1, 7)]


def test_an_alphabet_of_thousands_is_searched_alike() -> None:
    corpus = "".join(chr(0x4E00 + i * i % 5003) for i in range(3000))
    finder = CopyFinder(corpus)
    assert len(set(corpus)) > 256
    assert finder.match_lengths(corpus[1000:1100]).tolist() == list(range(100, 0, -1))
    assert finder.longest_copy("a\U0010fffe" + corpus[5:50] + "z") == 45


def test_a_long_copy_takes_time_in_proportion_to_its_length() -> None:
    corpus = "the same words again and again, and " * 20_000
    assert CopyFinder(corpus).match_lengths(corpus[7:100_007])[0] == 100_000  # compared anew from each place: hours
