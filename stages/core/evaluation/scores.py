"""Scores of generated text, and the same scores of text by a person beside them.

Most of them depend on how long a text is, so each is the mean over whole pieces of one length: then 400 characters,
20,000 characters and a held-out part of the corpus can be compared. A text shorter than a piece is one.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stages.core.evaluation.copies import CopyFinder

PIECE_LENGTH = 400
REPEATED_NGRAM = 4
# letters, with single apostrophes or hyphens between them; as it is written: "God" is not "god"
WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
JOINERS = "'’-"
Span = tuple[int, int]


class Corpus:
    """What a text is compared with."""

    def __init__(self, text: str) -> None:
        self.words = {match.group() for match in WORD.finditer(text)}
        self.copies = CopyFinder(text)

    def unknown_words(self, text: str) -> list[Span]:
        """Return start and end of the words that do not occur in the corpus.

        >>> Corpus("god is dead .").unknown_words("a god is deaf . go")
        [(9, 13)]
        """
        return [span for span in whole_words(text) if text[slice(*span)] not in self.words]


def whole_words(text: str) -> list[Span]:
    """Return start and end of the words of a text, without those that its start and end may have cut.

    >>> whole_words("ave said so . i don'")
    [(4, 8), (9, 11), (14, 15)]
    """
    # a joiner at the start or the end may be the middle of a word
    first, last = len(text) - len(text.lstrip(JOINERS)), len(text.rstrip(JOINERS))
    spans = [match.span() for match in WORD.finditer(text)]
    return [(start, end) for start, end in spans if start > first and end < last]


def distinct_ngrams(words: Sequence[str], n: int) -> float:
    """Return the fraction of the n-grams of words that are distinct; 0 where there are none.

    Li et al., "A Diversity-Promoting Objective Function for Neural Conversation Models", NAACL 2016.

    >>> distinct_ngrams("to be or not to be".split(), 2)
    0.8
    """
    ngrams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    return len(set(ngrams)) / len(ngrams) if ngrams else 0.0


def repetition(words: Sequence[str]) -> float:
    """Return the fraction of the n-grams of REPEATED_NGRAM words that have come before; 0 where there are none.

    Welleck et al., "Neural Text Generation with Unlikelihood Training", ICLR 2020 (seq-rep-4).
    """
    if len(words) < REPEATED_NGRAM:
        return 0.0
    return 1 - distinct_ngrams(words, REPEATED_NGRAM)


def score(text: str, corpus: Corpus, piece_length: int = PIECE_LENGTH) -> dict[str, float]:
    """Return the scores of a text: means over its pieces, and the longest copy in all of it."""
    copied = corpus.copies.match_lengths(text)
    # characters after the last whole piece are left out: the shorter a text, the better it looks
    starts = range(0, max(len(text) - piece_length, 0) + 1, piece_length)
    pieces = [slice(start, start + piece_length) for start in starts]
    scores = [_score_piece(text[piece], copied[piece], corpus) for piece in pieces]
    means = {name: float(np.mean([s[name] for s in scores])) for name in scores[0]}
    return means | {"longest_copy_chars": float(copied.max(initial=0))}


def _score_piece(piece: str, copied: NDArray[np.int64], corpus: Corpus) -> dict[str, float]:
    """Return the scores of a piece; those of its words are 0 where it has none."""
    spans = whole_words(piece)
    words = [piece[slice(*span)] for span in spans]
    real = sum(word in corpus.words for word in words)
    return {
        "real_word_fraction": real / len(words) if words else 0.0,
        **{f"distinct_{n}": distinct_ngrams(words, n) for n in (1, 2, 3)},
        "repetition": repetition(words),
        # what is copied from a place on ends with the piece at the latest
        "copy_chars": float(np.minimum(copied, np.arange(len(piece), 0, -1)).max(initial=0)),
    }


def joined(spans: list[Span]) -> list[Span]:
    """Return sorted spans with those that overlap or touch made one.

    >>> joined([(0, 3), (2, 5), (7, 9)])
    [(0, 5), (7, 9)]
    """
    whole = spans[:1]
    for start, end in spans[1:]:
        if start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole
