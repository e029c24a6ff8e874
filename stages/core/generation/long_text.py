"""A text as long as scores need, in pieces that advance together."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stages.core.generation.sampling import generate
from stages.core.networks.network import Network
from stages.core.text.windows import WindowData


def long_text(
    network: Network,
    data: WindowData,
    temperature: float,
    length: int,
    piece_length: int,
    generator: np.random.Generator,
    on_token: Callable[[NDArray[np.int64]], bool] | None = None,
) -> tuple[str, float]:
    """Return a text of `length` characters, and the mean entropy of the distributions it was drawn from, in nats.

    Args:
        network: writes the text.
        data: each piece follows a window of this text, taken at random.
        temperature: of all pieces.
        length: in characters; the text is shorter where tokens have less than one.
        piece_length: in characters.
        generator: decides windows and text.
        on_token: as in `generate`; it is given an id of each piece.
    """
    window_length = data.plan.window_length
    num_pieces = -(-length // piece_length)
    starts = generator.integers(len(data.ids) - window_length + 1, size=num_pieces)
    made = generate(
        network.stepper(num_pieces),
        data.ids[starts[:, None] + np.arange(window_length)],
        np.full(num_pieces, temperature, np.float64),
        generator.random((num_pieces, min(piece_length, length))),
        on_token=on_token,
    )
    pieces = [data.tokenizer.decode(ids)[:piece_length] for ids in made.ids]
    return "".join(pieces)[:length], float(made.entropies_nats.mean())
