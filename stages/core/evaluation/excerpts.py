"""Which parts of the text are compared and measured: all of them, or a fixed excerpt where the text is large.

Memory and time stay bounded this way: of 100 MB of text the scores see MOST_COMPARED tokens of the training part, and
the bits per character are of the first MOST_HELD_OUT tokens of the held-out part. The default corpus is used whole.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.text.windows import WindowData

MOST_COMPARED = 4_000_000
MOST_HELD_OUT = 100_000
NUM_BLOCKS = 40  # so many places of a large text are looked at
# joins blocks that do not follow each other; no decoder gives this surrogate, so no passage goes across
SEPARATOR = "\udfff"

Ids = NDArray[Any]


def training_blocks(data: WindowData, most: int = MOST_COMPARED) -> list[Ids]:
    """Return the training part, or evenly spaced blocks of it with `most` tokens together."""
    ids = data.training_ids
    if len(ids) <= most:
        return [ids]
    length = most // NUM_BLOCKS
    starts = np.linspace(0, len(ids) - length, NUM_BLOCKS).astype(int).tolist()
    return [ids[start : start + length] for start in starts]


def training_text(data: WindowData, most: int = MOST_COMPARED) -> str:
    """Return the text of these blocks, with a separator between them."""
    return SEPARATOR.join(data.tokenizer.decode(block) for block in training_blocks(data, most))


def held_out_ids(data: WindowData, most: int = MOST_HELD_OUT) -> Ids:
    """Return the held-out part, or the first `most` tokens of it."""
    return data.validation_ids[:most]
