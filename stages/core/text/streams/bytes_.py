"""A corpus as bytes."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.text.bytes_ import Bytes
from stages.core.text.corpus import Part


def collect(parts: Iterable[Part], is_text: bool, max_vocabulary: int) -> Bytes:
    """Return the tokenizer of all bytes of a corpus."""
    seen = np.zeros(256, np.bool_)
    for part in parts:
        for chunk in part.chunks:
            seen[_bytes(chunk, is_text)] = True
    return Bytes(bytes(np.flatnonzero(seen).tolist()), is_text)


def merged(tokenizers: Iterable[Bytes]) -> Bytes:
    """Return the tokenizer of several corpora together."""
    found = list(tokenizers)
    return Bytes(b"".join(tokenizer.values for tokenizer in found), found[0].is_text)


def ids(chunks: Iterable[str], tokenizer: Bytes) -> Iterator[NDArray[Any]]:
    """Yield the ids of a text that comes in chunks."""
    for chunk in chunks:
        yield tokenizer.table[_bytes(chunk, tokenizer.is_text)]


def _bytes(chunk: str, is_text: bool) -> NDArray[np.uint8]:
    """Return the bytes of a chunk of data/corpus.txt; Latin-1 gave one character for each."""
    return np.frombuffer(chunk.encode("utf-8" if is_text else "latin-1"), np.uint8)
