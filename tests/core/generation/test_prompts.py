import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.generation.prompts import MOST_NAMED, as_in_corpus, named, usable_prompt
from stages.core.pipeline.errors import UserError
from stages.core.text.bytes_ import Bytes
from stages.core.text.characters import Characters

LOWER = Characters.of("wie schön, café\n")
BOTH_CASES = Characters.of("Wie schön, Café\n")


@pytest.mark.parametrize(
    ("tokenizer", "typed", "read"),
    [
        (LOWER, "SCHÖN", "schön"),
        (LOWER, "scho\u0308n", "schön"),  # composed, as the corpus has it
        (LOWER, "CAFE\u0301", "café"),
        (BOTH_CASES, "Café", "Café"),
        (Characters.of("cafe\u0301"), "café", "cafe\u0301"),  # apart, as the corpus has it
        (Characters.of("cafe\u0301é "), "café cafe\u0301", "café cafe\u0301"),
        (Characters.of("한국어"), unicodedata.normalize("NFD", "한국어"), "한국어"),
        (Bytes("schön".encode()), "SCHO\u0308N", "schön"),
    ],
)
def test_a_prompt_is_read_as_the_corpus_writes(tokenizer: Characters, typed: str, read: str) -> None:
    assert as_in_corpus(typed, tokenizer) == read


@given(st.text())
def test_a_text_that_the_corpus_has_is_left_as_it_is(text: str) -> None:
    tokenizer = Characters.of(text + "A")  # a capital: nothing is lower-cased
    assert as_in_corpus(text, tokenizer) == text


@given(corpus=st.text("aäöåe\u0301\u0308é "), typed=st.text("aäöåe\u0301\u0308éxA "))
def test_only_what_the_corpus_lacks_in_every_form_stays_unknown(corpus: str, typed: str) -> None:
    tokenizer = Characters.of(corpus)
    for character in tokenizer.unknown_in(as_in_corpus(typed, tokenizer)):
        assert tokenizer.unknown_in(character)
        assert tokenizer.unknown_in(unicodedata.normalize("NFD", character))


@pytest.mark.parametrize(
    ("tokenizer", "typed", "received"),
    [
        (LOWER, "schön!", "'schön!', with '!'"),
        (LOWER, "SCHÖNZ", "'SCHÖNZ', with 'z'"),
        (BOTH_CASES, "SCHÖN", "'SCHÖN', with 'H', 'N', 'S', 'Ö'"),
        (LOWER, "w\u0301i", "'w\u0301i', with U+0301 COMBINING ACUTE ACCENT"),
        (
            LOWER,
            "wie\xa0schön\x1b[31m",
            "'wie\\xa0schön\\x1b[31m', with U+001B, '1', '3', '[', 'm', U+00A0 NO-BREAK SPACE",
        ),
        (LOWER, "\u202ewie", "'\\u202ewie', with U+202E RIGHT-TO-LEFT OVERRIDE"),
    ],
)
def test_what_stays_unknown_is_named_and_nothing_else(tokenizer: Characters, typed: str, received: str) -> None:
    with pytest.raises(UserError) as error:
        usable_prompt(typed, tokenizer, 60, "--prompt")
    rule = "--prompt must consist of characters of the corpus. Received: "
    assert str(error.value) == f"{rule}{received}. Remove or replace them."


def test_a_message_does_not_grow_with_the_prompt() -> None:
    typed = "".join(map(chr, range(0x4E00, 0x5E00)))
    assert named(typed).endswith(f" and {len(typed) - MOST_NAMED} more")
    with pytest.raises(UserError) as error:
        usable_prompt(typed, LOWER, 60, "--prompt")
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("tokenizer", "typed", "notes"),
    [
        (LOWER, "wie", ()),
        (LOWER, "Wie", ("The corpus is in lower case, and so is the prompt now.",)),
        (BOTH_CASES, "Wie", ()),
        (LOWER, "schön", ("The network sees the last 3 characters of the prompt.",)),
        (Bytes("wie schön".encode()), "ö", ("The prompt has fewer than the 3 bytes that the network was trained on.",)),
    ],
)
def test_notes_say_what_happened_to_the_prompt(tokenizer: Characters, typed: str, notes: tuple[str, ...]) -> None:
    assert usable_prompt(typed, tokenizer, 3, "--prompt").notes == notes


def test_no_prompt_is_the_beginning_of_a_line_where_the_corpus_has_lines() -> None:
    assert usable_prompt(None, LOWER, 60, "--prompt").text == "\n"
    assert usable_prompt("", Characters.of("abc"), 60, "--prompt").text == "a"
