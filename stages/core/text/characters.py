"""Characters as tokens. Shapes: T characters of a text, V characters of the vocabulary."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Characters:
    """The distinct characters of a corpus, in sorted order: the id of a character is its place.

    >>> tokenizer = Characters.of("banana")
    >>> tokenizer.characters
    'abn'
    >>> tokenizer.encode("nab").tolist()
    [2, 0, 1]
    >>> tokenizer.decode(tokenizer.encode("nab"))
    'nab'
    >>> tokenizer.unknown_in("nox banana")
    ' ox'
    """

    kind: ClassVar[str] = "characters"
    characters: str

    @classmethod
    def of(cls, text: str) -> "Characters":
        """Return the tokenizer whose vocabulary is the characters of `text`."""
        return cls("".join(sorted(set(text))))

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Characters":
        """Return the tokenizer that `to_json` described.

        Raises:
            ValueError: `value` does not describe one.
        """
        characters = value.get("characters")
        if value.keys() != {"tokens", "characters"}:
            raise ValueError("it must have the keys tokens, characters")
        return cls(sorted_characters(characters))

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {"tokens": self.kind, "characters": self.characters}

    @property
    def size(self) -> int:
        """The number of characters, V."""
        return len(self.characters)

    @property
    def texts(self) -> tuple[str, ...]:
        """The characters in the order of the ids."""
        return tuple(self.characters)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest unsigned type that holds every id."""
        return np.min_scalar_type(max(self.size - 1, 0))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many characters each token counts for (V,): one."""
        return np.ones(self.size, np.int64)

    @cached_property
    def _table(self) -> NDArray[np.int64]:
        """For every code point up to the largest known one its id, or -1."""  # (largest + 1,)
        known = code_points(self.characters)
        table = np.full(int(known.max(initial=0)) + 1, -1, np.int64)
        table[known] = np.arange(len(known))
        return table

    def encode(self, text: str) -> NDArray[Any]:
        """Return the ids of the characters of `text`, (T,) unsigned.

        Raises:
            ValueError: a character is not in the vocabulary.
        """
        received = code_points(text)
        inside = np.minimum(received, len(self._table) - 1)
        ids = np.where(received == inside, self._table[inside], -1)
        if (ids < 0).any():
            raise ValueError(f"characters outside the vocabulary: {self.unknown_in(text)!r}")
        return ids.astype(self.dtype)

    def decode(self, ids: NDArray[Any]) -> str:
        """Return the text of `ids`, (T,) integers."""
        text: str = code_points(self.characters)[ids].tobytes().decode("utf-32-le", "surrogatepass")
        return text

    def unknown_in(self, text: str) -> str:
        """Return the distinct characters of `text` that are not in the vocabulary, sorted."""
        return "".join(sorted(set(text) - set(self.characters)))


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text, (T,)."""
    # surrogatepass: a Python string can hold lone surrogates
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def sorted_characters(value: Any) -> str:
    """Return a value read from a file if it is a string of sorted, distinct characters.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, str) or not value:
        raise ValueError("characters must be a string, not empty")
    if list(value) != sorted(set(value)):
        raise ValueError("characters must be sorted and distinct")
    value.encode()  # half of a surrogate pair could not be written again
    return value
