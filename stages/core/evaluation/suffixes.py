"""The suffix array of a text (Manber and Myers, "Suffix Arrays", SIAM J. Comput. 22(5), 1993).

Suffixes are sorted by their first few characters, then those that are still equal by twice as many, and so on (Larsson
and Sadakane, "Faster Suffix Sorting", Theor. Comput. Sci. 387(3), 2007).

Shapes: C characters of the text.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def suffix_array(codes: NDArray[Any]) -> NDArray[np.int32]:
    """Return the starts of all suffixes in the order of their text, (C,).

    Args:
        codes: (C,), each smaller than C.
    """
    num_codes = len(codes)
    order, is_first, length = _sorted_by_first_characters(codes)
    # until it is known, the rank of a suffix is the row of the first that is equal so far
    rank = np.empty(num_codes, np.int32)
    rank[order] = np.maximum.accumulate(np.where(is_first, np.arange(num_codes, dtype=np.int32), 0))
    tied = _tied(np.arange(num_codes, dtype=np.int32), is_first)
    while len(tied):
        starts = order[tied]
        keys = rank[starts].astype(np.int64) * (num_codes + 1)
        goes_on = starts < num_codes - length
        keys[goes_on] += 1 + rank[starts[goes_on] + length]
        by_key = np.argsort(keys)
        starts, is_first = starts[by_key], _changes(keys[by_key])
        order[tied] = starts
        rank[starts] = np.maximum.accumulate(np.where(is_first, tied, 0))
        tied = _tied(tied, is_first)
        length *= 2
    return order


def _sorted_by_first_characters(
    codes: NDArray[Any],
) -> tuple[NDArray[np.int32], NDArray[np.bool_], int]:
    """Sort by as many characters as 63 bits hold; return the order, which differ from the one before, and how many."""
    bits = (int(codes.max(initial=0)) + 1).bit_length()
    length = 63 // bits
    keys = np.zeros(len(codes), np.int64)
    for i in range(length):
        keys <<= bits
        keys[: max(len(codes) - i, 0)] |= codes[i:].astype(np.int64) + 1
    order = np.argsort(keys).astype(np.int32)
    return order, _changes(keys[order]), length


def _changes(sorted_keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    is_first = np.ones(len(sorted_keys), np.bool_)
    is_first[1:] = sorted_keys[1:] != sorted_keys[:-1]
    return is_first


def _tied(rows: NDArray[np.int32], is_first: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the rows that are not alone: equal to the one before or the one after."""
    tied: NDArray[np.int32] = rows[~(is_first & np.append(is_first[1:], True))]
    return tied
