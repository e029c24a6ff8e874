"""A prompt as a person types it, made into one that the network can continue.

Everywhere the same: the commands, the server, sample.prompts and report.prompt call this module; the explorer's page
mirrors it (scripts/playground.js).
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from stages.core.pipeline.errors import UserError
from stages.core.text.tokenizer import Tokenizer

MOST_NAMED = 20  # unknown characters in one message
MOST_SHOWN = 200  # characters of a prompt in a message


@dataclass(frozen=True)
class UsablePrompt:
    """A prompt in characters of the corpus, and what to tell the person who typed it."""

    text: str
    notes: tuple[str, ...] = ()


def usable_prompt(prompt: str | None, tokenizer: Tokenizer, window_length: int, name: str) -> UsablePrompt:
    """Return the prompt in characters of the corpus; without one, a line break.

    Args:
        prompt: as typed.
        tokenizer: of the network.
        window_length: the tokens that the network sees.
        name: of the prompt where it was given, for the message.

    Raises:
        UserError: the corpus lacks some of its characters; the message names them.
    """
    if not prompt:
        return UsablePrompt(tokenizer.texts[0] if tokenizer.unknown_in("\n") else "\n")
    text = as_in_corpus(prompt, tokenizer)
    if unknown := tokenizer.unknown_in(text):
        shown = prompt[:MOST_SHOWN]
        raise UserError(
            f"{name} must consist of characters of the corpus. Received: {shown!r}, with {named(unknown)}. "
            "Remove or replace them."
        )
    notes = []
    if is_lower_case(tokenizer) and prompt != prompt.lower():
        notes.append("The corpus is in lower case, and so is the prompt now.")
    num_tokens = len(tokenizer.encode(text))
    if num_tokens > window_length:
        notes.append(f"The network sees the last {window_length} {tokenizer.kind} of the prompt.")
    elif num_tokens < window_length:
        notes.append(f"The prompt has fewer than the {window_length} {tokenizer.kind} that the network was trained on.")
    return UsablePrompt(text, tuple(notes))


def as_in_corpus(prompt: str, tokenizer: Tokenizer) -> str:
    """Return the prompt in lower case where the corpus is, its accents composed or apart as the corpus has them.

    Characters that the corpus lacks in every form stay.
    """
    if is_lower_case(tokenizer):
        prompt = prompt.lower()
    return "".join(_known_form(letter, tokenizer) for letter in _letters(prompt))


def is_lower_case(tokenizer: Tokenizer) -> bool:
    """Tell whether no token has a capital, as in a corpus that was lower-cased."""
    return all(text == text.lower() for text in tokenizer.texts)


def named(characters: str) -> str:
    r"""Return the characters as a list: in quotes, or by code point and name where they cannot be seen alone.

    >>> print(named("é\u0301\x1b"))
    'é', U+0301 COMBINING ACUTE ACCENT, U+001B
    """
    names = [f"'{c}'" if _is_seen(c) else f"U+{ord(c):04X} {unicodedata.name(c, '')}".rstrip() for c in characters]
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _letters(text: str) -> Iterator[str]:
    """Yield each character with the marks after it: accents, points, and the parts of a Hangul syllable."""
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or not (unicodedata.category(text[end])[0] == "M" or "\u1160" <= text[end] <= "\u11ff"):
            yield text[start:end]
            start = end


def _known_form(letter: str, tokenizer: Tokenizer) -> str:
    forms = (letter, unicodedata.normalize("NFC", letter), unicodedata.normalize("NFD", letter))
    return min(forms, key=lambda form: len(tokenizer.unknown_in(form)))  # as typed, where that is as good


def _is_seen(character: str) -> bool:
    # marks need a letter before them; separators, controls, formats and unassigned code points show nothing
    return unicodedata.category(character)[0] not in "MZC"
