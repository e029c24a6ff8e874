"""A small explorer: random weights, made-up text, and everything that could be mistaken for markup."""

import math

import numpy as np
from numpy.typing import NDArray

from stages.core.networks.weights import Weights
from stages.core.report.explorer import (
    Baseline,
    EpochRow,
    ExplorerData,
    NetworkOnPage,
    Sample,
    Scores,
    Snapshot,
    TokensOnPage,
)

CHARACTERS = "\n !,-.;?abcdefghijklmnopqrstuvwxyzäé—"
TEMPERATURES = (0.0, 0.5, 1.0, math.inf)
EPOCHS = (1, 2, 3, 4, 5)
BEST_EPOCH = 3
MARKUP = "</script><script>alert(1)</script><!-- {{ script }} & &amp;   "
WINDOW_LENGTH = 20
HELD_OUT = "a rose is a rose is a rose, and a thorn is a thorn.\nis it not?"


def example_weights(num_characters: int = len(CHARACTERS), units: int = 16, seed: int = 0) -> Weights:
    """Return weights so large that the greedy text does not fall into a loop at once."""
    generator = np.random.default_rng(seed)

    def normal(*shape: int) -> NDArray[np.float32]:
        return generator.normal(0, 2, shape).astype(np.float32)

    return {
        "kernel": normal(num_characters, 4 * units),
        "recurrent_kernel": normal(units, 4 * units),
        "bias": normal(4 * units),
        "dense_kernel": normal(units, num_characters),
        "dense_bias": normal(num_characters),
    }


def sample_text(epoch: int, temperature: float) -> str:
    return f"😀 epoch {epoch} at {temperature}:\nquog copied words {MARKUP}"


def example_data(epochs: tuple[int, ...] = EPOCHS, text_length: int = 0, units: int = 16) -> ExplorerData:
    """Return data with an example of everything that the page shows."""
    start = len("😀 epoch 1 at 0.0:\n")
    return ExplorerData(
        corpus_title=f"corpus {MARKUP}",
        corpus_sha256="0" * 64,
        tokens=TokensOnPage(kind="characters", texts=tuple(CHARACTERS)),
        network=NetworkOnPage(
            kind="lstm",
            settings={"units": units, "num_layers": 1},
            targets="last",
            carries_state=False,
            window_length=WINDOW_LENGTH,
            num_tokens=len(CHARACTERS),
            num_weights=sum(array.size for array in example_weights(units=units).values()),
        ),
        snapshots=(
            Snapshot.of(0, example_weights(units=units, seed=1), "float16"),
            Snapshot.of(BEST_EPOCH, example_weights(units=units), "float32"),
        ),
        best_epoch=BEST_EPOCH,
        held_out_bits=1.45,
        history=tuple(
            EpochRow(
                epoch=epoch,
                bits=2 / epoch,
                val_bits=math.nan if epoch == 2 else 1.5 + abs(epoch - BEST_EPOCH),
                learning_rate=0.01,
                num_rollbacks=int(epoch == 4),
            )
            for epoch in epochs
        ),
        samples=tuple(
            Sample(
                epoch=epoch,
                temperature=temperature,
                prompt=f"prompt {epoch} ",
                text=sample_text(epoch, temperature).ljust(text_length, "x"),
                unknown_words=((start, start + 4),),
                copied=((start + 2, start + 11),),
            )
            for epoch in epochs
            for temperature in TEMPERATURES
        ),
        copied_passage_length=9,
        default_prompt="there was a rose, ",
        held_out_text=HELD_OUT,
        score_labels={"real_word_fraction": "Real words", "entropy_bits": f"Entropy {MARKUP}"},
        scores=tuple(
            Scores(
                epoch=epoch,
                temperature=temperature,
                values={"real_word_fraction": 1 / epoch, "entropy_bits": math.nan},
            )
            for epoch in epochs
            for temperature in TEMPERATURES
        ),
        human_scores={"real_word_fraction": 0.95},
        baselines=(Baseline(name="2-gram model", bits=2.0),),
    )
