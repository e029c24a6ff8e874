r"""Bytes as tokens: any file can be written. Shapes: T bytes of a text, V distinct bytes.

A text is the UTF-8 of its bytes. A byte that belongs to no whole character, such as the first half of "ä", becomes one
of the 128 private characters U+EF80 to U+EFFF, its escape: byte b is U+EF00 + b. So no byte is lost, and the text can
still be written to any file. `visible` shows the escape of byte C3 as \xc3.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

HIGH = range(0x80, 0x100)  # bytes beyond ASCII
ESCAPES = {0xDC00 + byte: chr(0xEF00 + byte) for byte in HIGH}  # from what surrogateescape gives
# an escape that is in the file itself, as UTF-8, is kept apart: each of its three bytes becomes an escape
ESCAPES |= {0xEF00 + byte: "".join(chr(0xEF00 + b) for b in chr(0xEF00 + byte).encode()) for byte in HIGH}
SURROGATES = {0xEF00 + byte: 0xDC00 + byte for byte in HIGH}
SPECIAL = re.compile("[\udc80-\udcff\uef80-\uefff]")


def bytes_to_text(data: bytes) -> str:
    r"""Return bytes as text; `text_to_bytes` gives the same bytes back, whatever they are.

    >>> bytes_to_text("ä".encode()), ascii(bytes_to_text("ä".encode()[:1]))
    ('ä', "'\\uefc3'")
    """
    text = data.decode("utf-8", "surrogateescape")
    return text.translate(ESCAPES) if SPECIAL.search(text) else text


def text_to_bytes(text: str) -> bytes:
    """Return the bytes of a text, with each escape as its byte.

    Raises:
        UnicodeEncodeError: the text has half of a surrogate pair, which UTF-8 cannot write.
    """
    return (text.translate(SURROGATES) if SPECIAL.search(text) else text).encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Bytes:
    """The distinct bytes of a corpus, in ascending order: the id of a byte is its place.

    >>> tokenizer = Bytes("naïve".encode())
    >>> tokenizer.encode("naïve").tolist()
    [2, 0, 5, 4, 3, 1]
    >>> tokenizer.decode(tokenizer.encode("naïve"))
    'naïve'
    """

    kind: ClassVar[str] = "bytes"
    values: bytes
    is_text: bool = True  # the corpus is UTF-8; otherwise each byte counts as a character

    def __post_init__(self) -> None:
        """Sort the bytes."""
        object.__setattr__(self, "values", bytes(sorted(set(self.values))))

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Bytes":
        """Return the tokenizer that `to_json` described.

        Raises:
            ValueError: `value` does not describe one.
        """
        if value.keys() != {"tokens", "values", "is_text"}:
            raise ValueError("it must have the keys tokens, values, is_text")
        values = value["values"]
        if not isinstance(values, list) or not all(type(byte) is int and 0 <= byte < 256 for byte in values):
            raise ValueError("values must be a list of integers from 0 to 255")
        if not values or values != sorted(set(values)):
            raise ValueError("values must be sorted and distinct, not empty")
        if not isinstance(value["is_text"], bool):
            raise ValueError("is_text must be true or false")
        return cls(bytes(values), value["is_text"])

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {"tokens": self.kind, "values": list(self.values), "is_text": self.is_text}

    @property
    def size(self) -> int:
        """The number of distinct bytes, V."""
        return len(self.values)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of each byte alone, in the order of the ids: its ASCII character or its escape."""
        return tuple(bytes_to_text(bytes([byte])) for byte in self.values)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the ids."""
        return np.dtype(np.uint8)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many characters each byte counts for (V,).

        In UTF-8 one for the first byte of a character and none for those that continue it.
        """
        values = np.frombuffer(self.values, np.uint8)
        return np.where(values & 0xC0 == 0x80, 0 if self.is_text else 1, 1)

    @cached_property
    def table(self) -> NDArray[np.uint8]:
        """For every byte its id (256,); 0 for those that are not known."""
        table = np.zeros(256, np.uint8)
        table[np.frombuffer(self.values, np.uint8)] = np.arange(self.size)
        return table

    def encode(self, text: str) -> NDArray[Any]:
        """Return the ids of the bytes of `text`, (T,) unsigned.

        Raises:
            ValueError: a byte is not among the known ones.
        """
        if unknown := self.unknown_in(text):
            raise ValueError(f"characters outside the vocabulary: {unknown!r}")
        ids: NDArray[Any] = self.table[np.frombuffer(text_to_bytes(text), np.uint8)]
        return ids

    def decode(self, ids: NDArray[Any]) -> str:
        """Return the text of `ids`, (T,) integers."""
        return bytes_to_text(np.frombuffer(self.values, np.uint8)[ids].tobytes())

    def unknown_in(self, text: str) -> str:
        """Return the distinct characters of `text` of which a byte is not known, sorted."""
        return "".join(sorted(character for character in set(text) if not self._writes(character)))

    def _writes(self, character: str) -> bool:
        try:
            return set(text_to_bytes(character)) <= set(self.values)
        except UnicodeEncodeError:
            return False
