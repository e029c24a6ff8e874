"""A corpus as words."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from numpy.typing import NDArray

from stages.core.text.corpus import Part
from stages.core.text.words import Words, pieces

MOST_COUNTED = 1 << 20  # distinct pieces that are counted at a time


def collect(parts: Iterable[Part], is_text: bool, max_vocabulary: int) -> Words:
    """Return the tokenizer of all characters of a corpus and of the most frequent pieces of its training parts.

    What occurs in the held-out text alone would be a token that training never sees: it is spelled.
    """
    characters: set[str] = set()
    counts: Counter[str] = Counter()
    for part in parts:
        for cut in _whole_pieces(part.chunks):
            characters.update(set("".join(cut)))
            if part.is_training:
                counts.update(cut)
                _forget_the_rarest(counts)
    words = ((-count, word) for word, count in counts.items() if len(word) > 1)
    return Words("".join(sorted(characters)), tuple(word for _, word in sorted(words)[:max_vocabulary]))


def ids(chunks: Iterable[str], tokenizer: Words) -> Iterator[NDArray[Any]]:
    """Yield the ids of a text that comes in chunks."""
    for cut in _whole_pieces(chunks):
        yield tokenizer.ids_of(cut)


def _whole_pieces(chunks: Iterable[str]) -> Iterator[list[str]]:
    """Yield the pieces of a text; one at the end of a chunk waits for the next, where it may go on."""
    rest = ""
    for chunk in chunks:
        *whole, rest = pieces(rest + chunk)
        yield whole
    yield [rest] if rest else []


def _forget_the_rarest(counts: Counter[str]) -> None:
    """Bound the memory: of more than MOST_COUNTED distinct pieces drop those that occurred least so far."""
    least = 1
    while len(counts) > MOST_COUNTED:
        for piece in [piece for piece, count in counts.items() if count <= least]:
            del counts[piece]
        least *= 2
