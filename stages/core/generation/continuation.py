"""One prompt continued at several temperatures at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.core.generation.sampling import generate
from stages.core.generation.sliding_lstm import SlidingLSTM
from stages.core.model.weights import Weights
from stages.core.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Continuation:
    """What the network wrote after a prompt at one temperature."""

    text: str
    entropy_nats: float  # mean over the characters of the distributions they were drawn from


def continue_prompt(
    weights: Weights,
    vocabulary: Vocabulary,
    window_length: int,
    prompt: str,
    temperatures: Sequence[float],
    length: int,
    generators: Sequence[np.random.Generator],
) -> list[Continuation]:
    """Return `length` characters for each temperature, drawn with the generator beside it."""
    made = generate(
        SlidingLSTM(weights, len(temperatures), window_length),
        np.tile(vocabulary.encode(prompt[-window_length:]), (len(temperatures), 1)),
        np.array(temperatures, np.float64),
        np.stack([generator.random(length) for generator in generators]),
    )
    texts = [vocabulary.decode(ids) for ids in made.ids]
    entropies = made.entropies_nats.mean(axis=1).tolist()
    return [Continuation(*each) for each in zip(texts, entropies, strict=True)]
