"""What a token is: the seam between text and ids. Nothing outside this package knows whether tokens are characters.

Shapes: T tokens of a text, V tokens of the vocabulary.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stages.core.text.characters import Characters


class Tokenizer(Protocol):
    """Turns text into ids and back, without loss: `decode(encode(text)) == text`."""

    @property
    def size(self) -> int:
        """The number of tokens, V; ids are 0 to V - 1."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of each token, in the order of the ids (V,)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest unsigned type that holds every id."""

    def encode(self, text: str) -> NDArray[Any]:
        """Return the ids of `text`, (T,) of type `dtype`; raise a ValueError where it cannot be written."""

    def decode(self, ids: NDArray[Any]) -> str:
        """Return the text of `ids`, (T,) integers from 0 to V - 1."""

    def unknown_in(self, text: str) -> str:
        """Return the distinct characters of `text` that no token can write, sorted."""

    def to_json(self) -> dict[str, Any]:
        """Return what `tokenizer_from_json` reads, with the kind under `tokens`."""


KINDS = {"characters": Characters}


def tokenizer_from_json(value: Any) -> Tokenizer:
    """Return the tokenizer that `to_json` described.

    Raises:
        ValueError: `value` describes none.
    """
    if not isinstance(value, dict) or value.get("tokens") not in KINDS:
        raise ValueError(f"tokens must be one of {', '.join(KINDS)}")
    return KINDS[value["tokens"]].from_json(value)
