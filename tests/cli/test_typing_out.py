"""Generated text appears as whole characters, whatever its tokens are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.cli.typing_out import TypedText
from stages.core.text.bytes_ import Bytes
from stages.core.text.characters import Characters
from stages.core.text.tokenizer import Tokenizer

TEXT = "a\u00e4\u20ac\U0001f600b"


def typed(
    tokenizer: Tokenizer, text: str, length: int, stop: str | None, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """Type a text token by token; return what each token printed."""
    typist, parts = TypedText(tokenizer, length, stop), []
    for id_ in tokenizer.encode(text).astype(np.int64):
        has_ended = typist.add(np.array([id_]))
        parts.append(capsys.readouterr().out)
        if has_ended:
            break
    typist.flush()
    return [*parts, capsys.readouterr().out]


def test_bytes_wait_for_the_rest_of_their_character(capsys: pytest.CaptureFixture[str]) -> None:
    parts = typed(tokenizer_of_bytes(), TEXT, 99, None, capsys)
    assert [part for part in parts if part] == list(TEXT)


def test_a_character_that_never_becomes_whole_is_shown_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(tokenizer_of_bytes(), "a\uefe2", 99, None, capsys) == ["a", "", "\uefe2"]


@given(
    text=st.text("abc", min_size=1, max_size=20),
    length=st.integers(1, 25),
    stop=st.none() | st.text("ab", min_size=1, max_size=3),
)
def test_it_ends_at_the_length_or_with_the_text_to_stop_at(text: str, length: int, stop: str | None) -> None:
    capture: list[str] = []
    typist = TypedText(Characters("abc"), length, stop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda part, **options: capture.append(part))
        for id_ in Characters("abc").encode(text).astype(np.int64):
            if typist.add(np.array([id_])):
                break
    expected = text[:length]
    if stop and stop in expected:
        expected = expected[: expected.index(stop) + len(stop)]
    assert "".join(capture) == expected


def tokenizer_of_bytes() -> Tokenizer:
    return Bytes(bytes(range(256)))
