"""Words as tokens, with characters to spell what is not among them. Shapes: T tokens of a text, V tokens in all."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from stages.core.text.characters import sorted_characters

LONGEST_PIECE = 64  # characters; a longer run is cut, so that a text without spaces is read in bounded memory
WHITE_SPACE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"  # Unicode's White_Space


def _letters() -> str:
    """Return the ranges of letters and of the marks that combine with them, for a regular expression."""
    ranges: list[list[int]] = []
    for point in (*range(0x40000), *range(0xE0100, 0xE01F0)):  # beyond are no others
        if unicodedata.category(chr(point))[0] in "LM":
            if ranges and ranges[-1][1] == point - 1:
                ranges[-1][1] = point
            else:
                ranges.append([point, point])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


# in JavaScript: /[\p{L}\p{M}]{1,64}|\p{White_Space}{1,64}|./gsu
PIECE = re.compile(f"[{_letters()}]{{1,{LONGEST_PIECE}}}|[{WHITE_SPACE}]{{1,{LONGEST_PIECE}}}|.", re.DOTALL)


def pieces(text: str) -> list[str]:
    """Return a text cut into runs of letters, runs of white space, and single other characters.

    >>> pieces("it's  10 o'clock!")
    ['it', "'", 's', '  ', '1', '0', ' ', 'o', "'", 'clock', '!']
    """
    return PIECE.findall(text)


@dataclass(frozen=True)
class Words:
    """The characters of a corpus and its most frequent longer pieces; all else is spelled in characters.

    Ids: first the characters, sorted; then the words, the most frequent first.

    >>> tokenizer = Words(" abnt", ("ban", "tan"))
    >>> [tokenizer.texts[i] for i in tokenizer.encode("ban banana")]
    ['ban', ' ', 'b', 'a', 'n', 'a', 'n', 'a']
    """

    kind: ClassVar[str] = "words"
    characters: str
    words: tuple[str, ...]  # pieces of two characters or more

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Words":
        """Return the tokenizer that `to_json` described.

        Raises:
            ValueError: `value` does not describe one.
        """
        if value.keys() != {"tokens", "characters", "words"}:
            raise ValueError("it must have the keys tokens, characters, words")
        characters, words = sorted_characters(value["characters"]), value["words"]
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError("words must be a list of strings")
        if len(set(words)) != len(words):
            raise ValueError("words must be distinct")
        known = set(characters)
        if not all(len(word) > 1 and known.issuperset(word) and pieces(word) == [word] for word in words):
            raise ValueError("words must be runs of two or more letters or spaces, all of them among characters")
        return cls(characters, tuple(words))

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {"tokens": self.kind, "characters": self.characters, "words": list(self.words)}

    @property
    def size(self) -> int:
        """The number of tokens, V."""
        return len(self.characters) + len(self.words)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The text of each token, in the order of the ids."""
        return (*self.characters, *self.words)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest unsigned type that holds every id."""
        return np.min_scalar_type(max(self.size - 1, 0))

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """How many characters each token has (V,)."""
        return np.array([len(text) for text in self.texts], np.int64)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {text: i for i, text in enumerate(self.texts)}

    def encode(self, text: str) -> NDArray[Any]:
        """Return the ids of `text`, (T,) unsigned.

        Raises:
            ValueError: a character is not among the known ones.
        """
        try:
            return self.ids_of(pieces(text))
        except KeyError:
            raise ValueError(f"characters outside the vocabulary: {self.unknown_in(text)!r}") from None

    def ids_of(self, cut: list[str]) -> NDArray[Any]:
        """Return the ids of the pieces of a text, (T,) unsigned.

        Raises:
            KeyError: a character is not among the known ones.
        """
        return np.fromiter(self._tokens(cut), self.dtype)

    def _tokens(self, cut: list[str]) -> Iterator[int]:
        ids = self._ids
        for piece in cut:
            if piece in ids:
                yield ids[piece]
            else:
                yield from [ids[character] for character in piece]

    def decode(self, ids: NDArray[Any]) -> str:
        """Return the text of `ids`, (T,) integers."""
        texts = self.texts
        return "".join([texts[i] for i in ids.tolist()])

    def unknown_in(self, text: str) -> str:
        """Return the distinct characters of `text` that are not among the known ones, sorted."""
        return "".join(sorted(set(text) - set(self.characters)))
