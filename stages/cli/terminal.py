"""Text for a terminal: whatever is in it, the terminal only shows it."""

import sys
import unicodedata

KEPT = "\n\t\u00ad\u200c\u200d"  # line breaks, and what joins or hyphenates letters


def visible(text: str) -> str:
    r"""Return a text with control characters, also those that turn the direction of writing, as their escapes.

    >>> visible("a\x1b[2J\nb")
    'a\\x1b[2J\nb'
    """
    return "".join(character if _is_harmless(character) else _escape(character) for character in text)


def _is_harmless(character: str) -> bool:
    return character in KEPT or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def for_output(text: str) -> str:
    """Return a text for standard output: as it is for a file or another program, visible for a terminal."""
    return visible(text) if sys.stdout.isatty() else text
