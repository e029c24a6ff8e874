"""Passages of a text that stand word for word in the corpus.

A suffix array holds the places of the corpus in the order of the text that follows them; the longest match of
any text is next to where the text itself would stand in that order (Manber and Myers, "Suffix Arrays", SIAM J. Comput.
22(5), 1993). It is made by prefix doubling with NumPy's sorts: seconds for a book.
"""

import numpy as np
from numpy.typing import NDArray

from stages.core.text.characters import code_points

# sorting takes memory of some fifty bytes a character, and a reader's copies come from any part alike
MAX_CHARACTERS = 10_000_000


class CopyFinder:
    """Finds copies from the first MAX_CHARACTERS of a corpus.

    >>> finder = CopyFinder("the cat sat")
    >>> finder.longest_copy("a cat sits")
    6
    >>> finder.copied_passages("a cat sits", min_length=5)
    [(1, 7)]
    """

    def __init__(self, corpus: str) -> None:
        self._corpus = corpus[:MAX_CHARACTERS]
        self._suffixes = _suffix_array(code_points(self._corpus))

    def match_lengths(self, text: str) -> NDArray[np.int64]:
        """Return for each place of the text how many characters from there on stand in the corpus."""
        lengths = np.zeros(len(text), np.int64)
        length = 0
        for start in range(len(text)):
            # what follows the first character of a match matches as well, so lengths fall by one at most
            length = self._extended(text, start, max(length - 1, 0))
            lengths[start] = length
        return lengths

    def longest_copy(self, text: str) -> int:
        """Return the length of the longest passage that is copied, in characters."""
        return int(self.match_lengths(text).max(initial=0))

    def copied_passages(self, text: str, min_length: int) -> list[tuple[int, int]]:
        """Return start and end of the copied passages, none within another.

        Each has at least `min_length` characters, white space around it not counted.
        """
        passages: list[tuple[int, int]] = []
        for start, length in enumerate(self.match_lengths(text).tolist()):
            # a run of blank lines is nobody's sentence
            long_enough = len(text[start : start + length].strip()) >= min_length
            if long_enough and (not passages or start + length > passages[-1][1]):
                passages.append((start, start + length))
        return passages

    def _extended(self, text: str, start: int, known: int) -> int:
        """Return the length of the match at `start`, of which `known` characters are sure."""
        length = known
        # double the step while it matches, then halve: few searches for short and for long matches
        step = 1
        while start + length + step <= len(text) and self._occurs(text[start : start + length + step]):
            length += step
            step *= 2
        step //= 2  # a match longer by `step` was just refused
        while step:
            if start + length + step <= len(text) and self._occurs(text[start : start + length + step]):
                length += step
            step //= 2
        return length

    def _occurs(self, passage: str) -> bool:
        low, high = 0, len(self._suffixes)
        while low < high:
            middle = (low + high) // 2
            place = self._suffixes[middle]
            if self._corpus[place : place + len(passage)] < passage:
                low = middle + 1
            else:
                high = middle
        place = self._suffixes[low] if low < len(self._suffixes) else len(self._corpus)
        return self._corpus[place : place + len(passage)] == passage


def _suffix_array(characters: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the starts of all suffixes in the order of their text, (N,)."""
    num_characters = len(characters)
    rank = np.unique(characters, return_inverse=True)[1].astype(np.int64)
    length = 1  # of the prefixes that `rank` compares
    order = np.argsort(rank, kind="stable")
    while length < num_characters and num_characters and rank.max() < num_characters - 1:
        after = np.full(num_characters, -1, np.int64)
        after[:-length] = rank[length:]
        key = rank * (num_characters + 1) + after + 1
        order = np.argsort(key, kind="stable")
        in_order = key[order]
        new = np.concatenate([[0], np.cumsum(in_order[1:] != in_order[:-1])])
        rank = np.empty_like(rank)
        rank[order] = new
        length *= 2
    return order
