"""A corpus as characters."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.text.characters import Characters, code_points
from stages.core.text.corpus import Part

NUM_CODE_POINTS = 0x110000


def collect(parts: Iterable[Part], is_text: bool, max_vocabulary: int) -> Characters:
    """Return the tokenizer of all characters of a corpus."""
    seen = np.zeros(NUM_CODE_POINTS, np.bool_)
    for part in parts:
        for chunk in part.chunks:
            seen[code_points(chunk)] = True
    return Characters("".join(map(chr, np.flatnonzero(seen))))


def merged(tokenizers: Iterable[Characters]) -> Characters:
    """Return the tokenizer of several corpora together."""
    return Characters.of("".join(tokenizer.characters for tokenizer in tokenizers))


def ids(chunks: Iterable[str], tokenizer: Characters) -> Iterator[NDArray[Any]]:
    """Yield the ids of a text that comes in chunks."""
    table = np.zeros(NUM_CODE_POINTS, tokenizer.dtype)  # unchecked, and so faster than `encode`
    table[code_points(tokenizer.characters)] = np.arange(tokenizer.size)
    for chunk in chunks:
        yield table[code_points(chunk)]
