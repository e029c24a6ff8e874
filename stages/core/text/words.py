"""Words as tokens, with characters to spell what is not among them. Shapes: T tokens of a text, V tokens in all."""

import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from stages.core.text.characters import code_points, sorted_characters

LONGEST_PIECE = 64  # characters; a longer run is cut, so that a text without spaces is read in bounded memory
MOST_KEPT = 1 << 18  # spellings of pieces
OTHER, LETTER, SPACE = range(3)
# Unicode's White_Space
SPACES = (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)


@cache
def _classes() -> NDArray[np.uint8]:
    """For every code point whether it is a letter, with the marks that combine with letters, or white space."""
    classes = np.full(0x110000, OTHER, np.uint8)
    for point in (*range(0x40000), *range(0xE0100, 0xE01F0)):  # beyond are no others
        if unicodedata.category(chr(point))[0] in "LM":
            classes[point] = LETTER
    classes[list(SPACES)] = SPACE
    return classes


def pieces(text: str) -> list[str]:
    r"""Return a text cut into runs of letters, runs of white space, and single other characters.

    In JavaScript `text.match(/[\p{L}\p{M}]{1,64}|\p{White_Space}{1,64}|./gsu)`.

    >>> pieces("it's  10 o'clock!")
    ['it', "'", 's', '  ', '1', '0', ' ', 'o', "'", 'clock', '!']
    """
    if not text:
        return []
    kinds = _classes()[code_points(text)]
    ends = np.flatnonzero((kinds[1:] != kinds[:-1]) | (kinds[1:] == OTHER)) + 1
    bounds = [0, *ends.tolist(), len(text)]
    cut = [text[start:end] for start, end in pairwise(bounds)]
    if max(map(len, cut)) > LONGEST_PIECE:
        cut = [run[i : i + LONGEST_PIECE] for run in cut for i in range(0, len(run), LONGEST_PIECE)]
    return cut


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
    def _spellings(self) -> "_Spellings":
        return _Spellings({text: i for i, text in enumerate(self.texts)})

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
        return np.fromiter(chain.from_iterable(map(self._spellings.__getitem__, cut)), self.dtype)

    def decode(self, ids: NDArray[Any]) -> str:
        """Return the text of `ids`, (T,) integers."""
        texts = self.texts
        return "".join([texts[i] for i in ids.tolist()])

    def unknown_in(self, text: str) -> str:
        """Return the distinct characters of `text` that are not among the known ones, sorted."""
        return "".join(sorted(set(text) - set(self.characters)))


class _Spellings(dict[str, tuple[int, ...]]):
    """The ids of each piece, kept: most pieces of a text were there before."""

    def __init__(self, ids: dict[str, int]) -> None:
        super().__init__((text, (i,)) for text, i in ids.items())
        self._ids = ids

    def __missing__(self, piece: str) -> tuple[int, ...]:
        spelling = tuple([self._ids[character] for character in piece])
        if len(self) < MOST_KEPT:
            self[piece] = spelling
        return spelling
