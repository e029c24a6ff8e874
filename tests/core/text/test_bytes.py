"""Bytes as ids and back."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.core.text.bytes_ import Bytes, bytes_to_text, text_to_bytes

# any Unicode text; the 128 escapes are kept for single bytes
texts = st.text(st.characters(codec="utf-8").filter(lambda c: not 0xEF80 <= ord(c) <= 0xEFFF), max_size=30)


@given(texts)
def test_decode_inverts_encode(text: str) -> None:
    tokenizer = Bytes(text.encode())
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.lengths[ids].sum() == len(text)


@given(st.binary(max_size=40))
@example("ä".encode()[:1])
@example("ä".encode()[1:] + "ä".encode()[:1])
@example("\uef80\uefff".encode())
@example("\ud800".encode(errors="surrogatepass"))
@example(b"\xf4\x90\x80\x80\xc0\xaf")
def test_no_byte_is_lost_and_the_text_can_be_written(data: bytes) -> None:
    tokenizer = Bytes(data)
    ids = np.searchsorted(np.frombuffer(tokenizer.values, np.uint8), np.frombuffer(data, np.uint8))
    text = tokenizer.decode(ids)
    assert text_to_bytes(text) == data
    assert tokenizer.encode(text).tolist() == ids.tolist()
    text.encode("utf-8")  # does not raise
    assert text_to_bytes("".join(tokenizer.texts[i] for i in ids)) == data


@given(st.binary(max_size=20), st.integers(0, 20))
def test_a_text_cut_anywhere_keeps_its_bytes(data: bytes, cut: int) -> None:
    assert text_to_bytes(bytes_to_text(data[:cut])) + text_to_bytes(bytes_to_text(data[cut:])) == data


def test_halves_of_a_character_are_escaped_and_whole_ones_are_not() -> None:
    assert bytes_to_text(b"\xc3") == "\uefc3"
    assert bytes_to_text(b"\xa4\xc3\xa4") == "\uefa4ä"


@given(known=texts, text=texts)
def test_unknown_characters_are_named_and_not_encoded(known: str, text: str) -> None:
    tokenizer = Bytes(known.encode())
    unknown = "".join(c for c in sorted(set(text)) if set(c.encode()) - set(known.encode()))
    assert tokenizer.unknown_in(text) == unknown
    if unknown:
        with pytest.raises(ValueError) as error:
            tokenizer.encode(text)
        assert str(error.value) == f"characters outside the vocabulary: {unknown!r}"


def test_half_of_a_surrogate_pair_is_unknown() -> None:
    assert Bytes(bytes(range(256))).unknown_in("a\ud800ä") == "\ud800"


@given(st.binary(min_size=1, max_size=20), st.booleans())
def test_json_gives_the_same_tokenizer(values: bytes, is_text: bool) -> None:
    tokenizer = Bytes(values, is_text)
    assert Bytes.from_json(tokenizer.to_json()) == tokenizer


def test_each_byte_of_what_is_not_text_counts_as_a_character() -> None:
    assert Bytes("ä".encode(), is_text=False).lengths.tolist() == [1, 1]
    assert Bytes("ä".encode()).lengths.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": "ab"}, "values must be a list of integers from 0 to 255"),
        ({"values": [256]}, "values must be a list of integers from 0 to 255"),
        ({"values": [True]}, "values must be a list of integers from 0 to 255"),
        ({"values": []}, "values must be sorted and distinct, not empty"),
        ({"values": [2, 1]}, "values must be sorted and distinct, not empty"),
        ({"is_text": 1}, "is_text must be true or false"),
        ({"more": 1}, "it must have the keys tokens, values, is_text"),
    ],
)
def test_what_is_not_a_tokenizer_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as error:
        Bytes.from_json({"tokens": "bytes", "values": [1, 2], "is_text": True} | change)
    assert str(error.value) == message
