"""Outputs of a small run, as the report reads them: random weights on disk, made-up texts and numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.core.networks.folder import ModelFolder
from stages.core.report.results import Results
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData, WindowPlan
from tests.support.networks import description, random_network, write_model
from tests.support.text import made_up_text

TEMPERATURES = (0.5, 1.0)
EPOCHS = (1, 2, 3)
BEST_EPOCH = 2
NUM_HELD_OUT = 300
WINDOW_LENGTH = 20


def example_results(folder: Path, text: str = "", *, epochs: tuple[int, ...] = (0, *EPOCHS)) -> Results:
    """Return results of a run with weights of `epochs`; the best is epoch 2."""
    text = text or made_up_text()
    tokenizer = Characters.of(text)
    models = ModelFolder(folder)
    for epoch in epochs:
        described = description(characters=tokenizer.characters, window_length=WINDOW_LENGTH)
        write_model(folder, random_network(described, seed=epoch), epoch)
    each = [(epoch, t) for epoch in EPOCHS for t in TEMPERATURES]
    return Results(
        data=WindowData(
            ids=tokenizer.encode(text),
            tokenizer=tokenizer,
            plan=WindowPlan(
                window_length=WINDOW_LENGTH,
                stride=3,
                num_characters=len(text),
                num_validation_characters=NUM_HELD_OUT,
            ),
        ),
        models=models,
        history=history(),
        samples=pd.DataFrame(
            [
                {
                    "epoch": e,
                    "temperature": t,
                    "prompt": text[:5],
                    "text": f"{text[40:80]} zzz {t}",
                    "entropy_nats": 1.0,
                }
                for e, t in each
            ]
        ),
        scores=pd.DataFrame(
            [{"epoch": e, "temperature": t, "real_word_fraction": 0.5, "entropy_bits": e + t} for e, t in each]
        ),
        metrics=metrics(),
    )


def history() -> pd.DataFrame:
    """A network that is best at epoch 2, and was rolled back twice in epoch 3."""
    val_bits = [3.0, 2.0, 2.5]
    return pd.DataFrame(
        {
            "epoch": EPOCHS,
            "loss_nats_per_char": [2.0, 1.5, 1.0],
            "val_loss_nats_per_char": np.array(val_bits) * np.log(2),
            "val_bits_per_char": val_bits,
            "learning_rate": [0.01, 0.01, 0.0025],
            "num_rollbacks": [0, 0, 2],
        }
    )


def metrics() -> dict[str, Any]:
    """What evaluate measured of it."""
    losses = {"loss_nats_per_char": 1.5, "val_bits_per_char": 2.0, "val_loss_nats_per_char": 1.386}
    return {
        "best_epoch": BEST_EPOCH,
        "last_epoch": 3,
        "held_out_bits_per_char": 1.95,
        "best": losses | {"gap_nats_per_char": -0.114},
        "last": losses | {"gap_nats_per_char": None},
        "baseline": {"ngram_2_bits_per_char": 3.25, "bzip2_bits_per_char": 2.5},
        "human": {"real_word_fraction": 0.96},
        "temperature": {"0.5": {"real_word_fraction": 0.5, "entropy_bits": 1.5}, "1.0": {"entropy_bits": 2.25}},
    }
