"""Scores of generated text, and the same scores of text by a person beside them.

Most scores depend on the length of a text, so each is the mean over whole pieces of one length: then 400 characters,
20,000 characters and a held-out part of the corpus compare. A text shorter than a piece is one piece.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stages.core.evaluation.corpus import Corpus, whole_words

PIECE_LENGTH = 400  # characters
REPEATED_NGRAM = 4
WORD_SCORES = ("real_word_fraction", "distinct_1", "distinct_2", "distinct_3", "repetition")


def distinct_ngrams(words: Sequence[str], n: int) -> float:
    """Return the fraction of the n-grams of words that are distinct; 0 where there are none.

    Li et al., "A Diversity-Promoting Objective Function for Neural Conversation Models", NAACL 2016.

    >>> distinct_ngrams("to be or not to be".split(), 2)
    0.8
    """
    ngrams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    return len(set(ngrams)) / len(ngrams) if ngrams else 0.0


def repetition(words: Sequence[str]) -> float:
    """Return the fraction of the n-grams of REPEATED_NGRAM words that repeat an earlier one; 0 where there are none.

    Welleck et al., "Neural Text Generation with Unlikelihood Training", ICLR 2020 (seq-rep-4).
    """
    if len(words) < REPEATED_NGRAM:
        return 0.0
    return 1 - distinct_ngrams(words, REPEATED_NGRAM)


def score(text: str, corpus: Corpus, piece_length: int = PIECE_LENGTH) -> dict[str, float]:
    """Return the scores of a text: means over its pieces, and the longest copy in all of it.

    Where the corpus has no spaces between words, the scores of words are left out.
    """
    copied = corpus.copies.match_lengths(text)
    # characters after the last whole piece are left out: the shorter a text, the better it looks
    starts = range(0, max(len(text) - piece_length, 0) + 1, piece_length)
    pieces = [slice(start, start + piece_length) for start in starts]
    scores = [_score_piece(text[piece], copied[piece], corpus) for piece in pieces]
    means = {name: float(np.mean([s[name] for s in scores])) for name in scores[0]}
    return means | {"longest_copy_chars": float(copied.max(initial=0))}


def _score_piece(piece: str, copied: NDArray[np.int64], corpus: Corpus) -> dict[str, float]:
    # a copy that goes on after the piece counts to the end of the piece
    copy_chars = float(np.minimum(copied, np.arange(len(piece), 0, -1)).max(initial=0))
    return (_score_words(piece, corpus) if corpus.has_spaces else {}) | {"copy_chars": copy_chars}


def _score_words(piece: str, corpus: Corpus) -> dict[str, float]:
    """Return WORD_SCORES of a piece; they are 0 where it has no words."""
    words = [piece[slice(*span)] for span in whole_words(piece)]
    real = sum(word in corpus.words for word in words)
    return {
        "real_word_fraction": real / len(words) if words else 0.0,
        **{f"distinct_{n}": distinct_ngrams(words, n) for n in (1, 2, 3)},
        "repetition": repetition(words),
    }
