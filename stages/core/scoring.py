"""Scores of generated text, and the same scores of text by a person beside them.

Most of them depend on how long a text is, so each is the mean over pieces of PIECE_LENGTH characters: then 400
characters, 20,000 characters and a held-out part of the corpus can be compared.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from stages.core.copies import CopyFinder

PIECE_LENGTH = 400
REPEATED_NGRAM = 4
# letters, with an apostrophe or a hyphen between them at most
WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
Span = tuple[int, int]


class Corpus:
    """What a text is compared with."""

    def __init__(self, text: str) -> None:
        self.words = {match.group() for match in WORD.finditer(text)}
        self.copies = CopyFinder(text)

    def unreal_words(self, text: str) -> list[Span]:
        """Return start and end of the words that do not occur in the corpus.

        >>> Corpus("god is dead .").unreal_words("a god is deaf . go")
        [(9, 13)]
        """
        return [span for span in whole_words(text) if text[slice(*span)] not in self.words]


def whole_words(text: str) -> list[Span]:
    """Return start and end of the words of a text, without those that its start and end may have cut."""
    spans = [match.span() for match in WORD.finditer(text)]
    return [(start, end) for start, end in spans if start > 0 and end < len(text)]


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


def score(text: str, corpus: Corpus) -> dict[str, float]:
    """Return the scores of a text: means over its pieces, and the longest copy in all of it."""
    pieces = [text[i : i + PIECE_LENGTH] for i in range(0, len(text), PIECE_LENGTH)]
    scores = [_score_piece(piece, corpus) for piece in pieces]
    means = {name: float(np.mean([s[name] for s in scores])) for name in scores[0]}
    return means | {"longest_copy_chars": float(corpus.copies.longest_copy(text))}


def _score_piece(piece: str, corpus: Corpus) -> dict[str, float]:
    spans = whole_words(piece)
    words = [piece[slice(*span)] for span in spans]
    real = sum(word in corpus.words for word in words)
    return {
        "real_word_fraction": real / len(words) if words else 0.0,
        **{f"distinct_{n}": distinct_ngrams(words, n) for n in (1, 2, 3)},
        "repetition": repetition(words),
        "copy_chars": float(corpus.copies.longest_copy(piece)),
    }


def joined(spans: list[Span]) -> list[Span]:
    """Return sorted spans with those that overlap or touch made one.

    >>> joined([(0, 3), (2, 5), (7, 9)])
    [(0, 5), (7, 9)]
    """
    whole = spans[:1]
    for (_, _), (start, end) in pairwise(spans):
        if start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole
