"""One prompt continued at several temperatures at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.core.generation.sampling import generate
from stages.core.networks.network import Network


@dataclass(frozen=True)
class Continuation:
    """What the network wrote after a prompt at one temperature."""

    text: str
    entropy_nats: float  # mean over the distributions that the tokens were drawn from


def continue_prompt(
    network: Network,
    prompt: str,
    temperatures: Sequence[float],
    length: int,
    generators: Sequence[np.random.Generator],
    on_token: Callable[[NDArray[np.int64]], bool] | None = None,
) -> list[Continuation]:
    """Return `length` tokens of text for each temperature, drawn with the generator beside it.

    `on_token`, as in `generate`, may end it.
    """
    prompt_ids = network.tokenizer.encode(prompt)[-network.window_length :]
    made = generate(
        network.stepper(len(temperatures)),
        np.tile(prompt_ids, (len(temperatures), 1)),
        np.array(temperatures, np.float64),
        np.stack([generator.random(length) for generator in generators]),
        on_token=on_token,
    )
    texts = [network.tokenizer.decode(ids) for ids in made.ids]
    entropies = made.entropies_nats.mean(axis=1).tolist()
    return [Continuation(*each) for each in zip(texts, entropies, strict=True)]
