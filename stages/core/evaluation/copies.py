"""Passages of a text that occur word for word in the corpus.

A suffix array lists the places of the corpus in the order of the text that follows them (Manber and Myers, "Suffix
Arrays", SIAM J. Comput. 22(5), 1993). The longest match of a text
begins at a neighbour of the row where the text itself would stand. Backward search finds that row for every end of the
text in turn (Ferragina and Manzini, "Opportunistic Data Structures with Applications", FOCS 2000), so the time grows
with the length of the text, not with its square.

Shapes: C characters of the corpus, T characters of the text.
"""

from bisect import bisect_left
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pydivsufsort import divsufsort

from stages.core.text.characters import code_points

Places = NDArray[np.int64]


class CopyFinder:
    """Finds what a text copies from a corpus.

    >>> finder = CopyFinder("the cat sat")
    >>> finder.longest_copy("a cat sits")
    6
    >>> finder.copied_passages("a cat sits", min_length=5)
    [(1, 7)]
    """

    def __init__(self, corpus: str) -> None:
        self._corpus = corpus
        alphabet, codes = np.unique(code_points(corpus), return_inverse=True)
        codes = codes.astype(np.min_scalar_type(max(len(alphabet) - 1, 0)))
        self._suffixes = np.empty(len(corpus) + 1, np.int32)
        self._suffixes[0] = len(corpus)  # the empty suffix comes first
        self._suffixes[1:] = divsufsort(codes) if corpus else []
        # for each character the rows of the suffixes that it stands before, ascending
        has_character = self._suffixes > 0
        rows = np.flatnonzero(has_character).astype(np.int32)
        before = codes[self._suffixes[has_character] - 1]
        rows = rows[np.argsort(before, kind="stable")]
        ends = np.cumsum(np.bincount(codes, minlength=len(alphabet))).tolist()
        starts = [0, *ends][: len(alphabet)]
        self._characters = [chr(c) for c in alphabet.tolist()]
        self._first_rows = dict(zip(self._characters, (1 + start for start in starts), strict=True))
        self._rows = {c: rows[s:e] for c, s, e in zip(self._characters, starts, ends, strict=True)}

    def match_lengths(self, text: str) -> Places:
        """Return for each place of the text how many characters from there on occur in the corpus, (T,)."""
        rows = self._rows_of_suffixes(text)
        before = self._common_lengths(text, self._suffixes[rows - 1])
        # beside the last row there is no suffix: the empty one, which agrees with nothing, stands in for it
        after = self._common_lengths(text, np.append(self._suffixes, len(self._corpus))[rows])
        return np.maximum(np.fromiter(before, np.int64, len(text)), np.fromiter(after, np.int64, len(text)))

    def longest_copy(self, text: str) -> int:
        """Return the length of the longest copied passage, in characters."""
        return int(self.match_lengths(text).max(initial=0))

    def copied_passages(self, text: str, min_length: int) -> list[tuple[int, int]]:
        """Return start and end of the copied passages, none within another.

        Each has at least `min_length` characters, not counting white space around it.
        """
        passages: list[tuple[int, int]] = []
        for start, length in enumerate(self.match_lengths(text).tolist()):
            # a run of blank lines is nobody's sentence
            long_enough = len(text[start : start + length].strip()) >= min_length
            if long_enough and (not passages or start + length > passages[-1][1]):
                passages.append((start, start + length))
        return passages

    def _rows_of_suffixes(self, text: str) -> Places:
        """Return for each suffix of the text how many suffixes of the corpus, the empty one included, are less."""
        rows = np.empty(len(text), np.int64)
        row = 0
        for place in range(len(text) - 1, -1, -1):
            character = text[place]
            known = self._rows.get(character)
            if known is None:
                next_larger = bisect_left(self._characters, character)
                if next_larger < len(self._characters):
                    row = self._first_rows[self._characters[next_larger]]
                else:
                    row = len(self._suffixes)
            else:
                # an integer of another type would make NumPy copy the array
                row = self._first_rows[character] + int(known.searchsorted(np.int32(row)))
            rows[place] = row
        return rows

    def _common_lengths(self, text: str, places: NDArray[np.integer]) -> Iterator[int]:
        """Yield for each place of the text how far it agrees with the corpus from the place beside it on."""
        corpus, length = self._corpus, 0
        for start, place in enumerate(places.tolist()):
            # what follows the first character of a match matches as well, so a length falls by one at most
            length = max(length - 1, 0)
            longest = min(len(text) - start, len(corpus) - place)
            while length < longest and text[start + length] == corpus[place + length]:
                length += 1
            yield length
