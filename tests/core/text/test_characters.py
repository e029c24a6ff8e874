"""Characters as ids and back."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.core.text.characters import Characters

# surrogates too: whatever a string can hold
any_text = st.text(st.characters(), max_size=30)


@given(any_text)
@example("\U0010ffff\0\udc80")
def test_decode_inverts_encode(text: str) -> None:
    tokenizer = Characters.of(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(any_text)
def test_ids_are_places_in_sorted_order(text: str) -> None:
    tokenizer = Characters.of(text)
    assert tokenizer.characters == "".join(sorted(set(text)))
    assert tokenizer.encode(text).tolist() == [tokenizer.characters.index(c) for c in text]


@given(known=any_text, text=any_text)
@example(known="", text="a")
@example(known="b", text="ac")
def test_unknown_characters_are_named_and_not_encoded(known: str, text: str) -> None:
    tokenizer, unknown = Characters.of(known), "".join(sorted(set(text) - set(known)))
    assert tokenizer.unknown_in(text) == unknown
    if unknown:
        with pytest.raises(ValueError) as error:
            tokenizer.encode(text)
        assert str(error.value) == f"characters outside the vocabulary: {unknown!r}"
    else:
        assert len(tokenizer.encode(text)) == len(text)


@pytest.mark.parametrize(("size", "dtype"), [(1, "u1"), (256, "u1"), (257, "u2"), (65536, "u2"), (65537, "u4")])
def test_ids_have_the_smallest_type(size: int, dtype: str) -> None:
    tokenizer = Characters("".join(map(chr, range(size))))
    ids = tokenizer.encode(tokenizer.characters)
    assert ids.dtype == np.dtype(dtype)
    assert ids.tolist() == list(range(size))
