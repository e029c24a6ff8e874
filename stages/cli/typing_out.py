"""Text that is printed while it is generated."""

import numpy as np
from numpy.typing import NDArray

from stages.cli.terminal import for_output
from stages.core.text.tokenizer import Tokenizer

MOST_BYTES = 4  # of one character in UTF-8


class TypedText:
    """Prints tokens as soon as they make whole characters, up to a number of characters or a text to stop at."""

    def __init__(self, tokenizer: Tokenizer, length: int, stop: str | None) -> None:
        self._tokenizer = tokenizer
        self._length = length
        self._stop = stop
        self._waiting: list[int] = []  # bytes of a character that is not complete
        self._text = ""

    def add(self, ids: NDArray[np.int64]) -> bool:
        """Print the next token, ids (1,); tell whether the text has ended."""
        self._waiting += ids.tolist()
        piece = self._tokenizer.decode(np.array(self._waiting))
        if "\uef80" <= piece[-1] <= "\uefff" and len(self._waiting) < MOST_BYTES:
            return False
        return self._print(piece)

    def flush(self) -> None:
        """Print what is waiting for more, as it is."""
        if self._waiting:
            self._print(self._tokenizer.decode(np.array(self._waiting)))

    def _print(self, piece: str) -> bool:
        self._waiting = []
        before = len(self._text)
        self._text = (self._text + piece)[: self._length]
        found = self._text.find(self._stop, max(0, before - len(self._stop))) if self._stop else -1
        if found >= 0 and self._stop:
            self._text = self._text[: found + len(self._stop)]
        print(for_output(self._text[before:]), end="", flush=True)
        return found >= 0 or len(self._text) == self._length
