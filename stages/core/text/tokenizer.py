"""What a token is: the seam between text and ids. Nothing outside this package knows whether tokens are characters.

Shapes: T tokens of a text, V tokens of the vocabulary.
"""

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from stages.core.text.table import TOKENIZERS, tokenizer_class


class Tokenizer(Protocol):
    """Turns text into ids and back, without loss: `decode(encode(text)) == text`."""

    kind: ClassVar[str]  # a key of TOKENIZERS

    @property
    def size(self) -> int:
        """The number of tokens, V; ids are 0 to V - 1."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of each token, in the order of the ids (V,).

        Joined, the texts of ids are what `decode` returns, with one exception: bytes of one character stay apart, each
        as its escape (see `bytes_`), where `decode` joins them to the character.
        """

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest unsigned type that holds every id."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many characters of text each token counts for, in the order of the ids (V,).

        Their sum over the ids of a text is its number of characters. Losses are divided by it: a loss per character can
        be compared across tokenizers.
        """

    def encode(self, text: str) -> NDArray[Any]:
        """Return the ids of `text`, (T,) of type `dtype`; raise a ValueError where it has unknown characters."""

    def decode(self, ids: NDArray[Any]) -> str:
        """Return the text of `ids`, (T,) integers from 0 to V - 1."""

    def unknown_in(self, text: str) -> str:
        """Return the distinct characters of `text` that no token can write, sorted."""

    def to_json(self) -> dict[str, Any]:
        """Return what `tokenizer_from_json` reads, with the kind under `tokens`."""


def tokenizer_from_json(value: Any) -> Tokenizer:
    """Return the tokenizer that `to_json` described.

    Raises:
        ValueError: `value` does not describe a tokenizer.
    """
    kind = value.get("tokens") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in TOKENIZERS:
        raise ValueError(f"tokens must be one of {', '.join(TOKENIZERS)}")
    tokenizer: Tokenizer = tokenizer_class(kind).from_json(value)
    return tokenizer
