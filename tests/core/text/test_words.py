"""Words as ids and back."""

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.core.text.words import LONGEST_PIECE, Words, pieces

texts = st.text("ab ä\u0301\n1,\U0001f600ж中", max_size=40) | st.text(max_size=40)


@st.composite
def tokenizers(draw: st.DrawFn, text: str) -> Words:
    """A tokenizer that knows the characters of a text and some of its longer pieces."""
    longer = sorted({piece for piece in pieces(text) if len(piece) > 1})
    words = draw(st.lists(st.sampled_from(longer), unique=True)) if longer else []
    return Words("".join(sorted(set(text))), tuple(words))


@given(texts, st.data())
def test_decode_inverts_encode_whatever_words_are_known(text: str, data: st.DataObject) -> None:
    tokenizer = data.draw(tokenizers(text))
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert "".join(tokenizer.texts[i] for i in ids) == text
    assert tokenizer.lengths[ids].sum() == len(text)
    assert not text or Words.from_json(tokenizer.to_json()) == tokenizer


@given(texts)
@example("a\u0301b")
@example("x" * (2 * LONGEST_PIECE + 1))
@example(" " * (LONGEST_PIECE + 1))
@example("\x1c\x85\ufeff\u3000")
def test_pieces_are_letters_or_white_space_or_single(text: str) -> None:
    cut = pieces(text)
    assert "".join(cut) == text
    for piece in cut:
        letters = all(unicodedata.category(character)[0] in "LM" for character in piece)
        spaces = all(re.fullmatch(r"\s", c) and c not in "\x1c\x1d\x1e\x1f" for c in piece)
        assert len(piece) == 1 or letters or spaces
        assert len(piece) <= LONGEST_PIECE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't  stop\n\n2 x", ["Don", "'", "t", "  ", "stop", "\n\n", "2", " ", "x"]),
        ("война и мир", ["война", " ", "и", " ", "мир"]),
        ("हिन्दी", ["हिन्दी"]),  # marks belong to their letters
        ("²½_३", ["²", "½", "_", "३"]),
        ("", []),
    ],
)
def test_pieces_of_some_texts(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_a_known_word_is_one_token_and_another_is_spelled() -> None:
    tokenizer = Words(" abnt", ("ban", "  "))
    assert [tokenizer.texts[i] for i in tokenizer.encode("ban  bant ban")] == ["ban", "  ", *"bant ", "ban"]


@given(known=texts, text=texts)
def test_unknown_characters_are_named_and_not_encoded(known: str, text: str) -> None:
    tokenizer, unknown = Words("".join(sorted(set(known))), ()), "".join(sorted(set(text) - set(known)))
    assert tokenizer.unknown_in(text) == unknown
    if unknown:
        with pytest.raises(ValueError) as error:
            tokenizer.encode(text)
        assert str(error.value) == f"characters outside the vocabulary: {unknown!r}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"words": "ab"}, "words must be a list of strings"),
        ({"words": [1]}, "words must be a list of strings"),
        ({"words": ["ab", "ab"]}, "words must be distinct"),
        ({"words": ["a"]}, "words must be runs of two or more letters or spaces, all of them among characters"),
        ({"words": ["a b"]}, "words must be runs of two or more letters or spaces, all of them among characters"),
        ({"words": ["ac"]}, "words must be runs of two or more letters or spaces, all of them among characters"),
        ({"characters": ""}, "characters must be a string, not empty"),
        ({"characters": "ba "}, "characters must be sorted and distinct"),
        ({"more": 1}, "it must have the keys tokens, characters, words"),
    ],
)
def test_what_is_not_a_tokenizer_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as error:
        Words.from_json({"tokens": "words", "characters": " ab", "words": ["ab"]} | change)
    assert str(error.value) == message
