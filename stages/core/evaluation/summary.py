"""What reports/scores.json and reports/metrics.json hold: all that was measured, and the numbers to compare by."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from stages.core.pipeline.errors import UserError
from stages.core.tables.history import NATS_TO_BITS

HEADLINE_TEMPERATURES = ("0.5", "1.0")
HEADLINE_NGRAM = 5


def summary_of_losses(history: pd.DataFrame) -> dict[str, Any]:
    """Return the best and the last epoch with their losses. Non-finite values become None: JSON has none.

    Raises:
        UserError: no epoch has a validation loss.
    """
    if history["val_loss_nats_per_char"].isna().all():
        raise UserError(
            "reports/history.csv: no epoch has a validation loss. Lower train.learning_rate in params.yaml."
        )
    best = history.iloc[int(history["val_loss_nats_per_char"].argmin())]
    last = history.iloc[-1]

    def losses(row: "pd.Series[Any]") -> dict[str, float | None]:
        loss, val_loss = float(row["loss_nats_per_char"]), float(row["val_loss_nats_per_char"])
        found = {
            "loss_nats_per_char": loss,
            "val_loss_nats_per_char": val_loss,
            "val_bits_per_char": float(row["val_bits_per_char"]),
            "gap_nats_per_char": val_loss - loss,
        }
        return {name: value if math.isfinite(value) else None for name, value in found.items()}

    return {
        "best_epoch": int(best["epoch"]),
        "last_epoch": int(last["epoch"]),
        "num_rollbacks": int(history["num_rollbacks"].sum()),
        "best": losses(best),
        "last": losses(last),
    }


def headline(scores: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the few numbers of reports/metrics.json, those to compare experiments by; what was not measured is absent.

    The names are short, so that DVC's tables of them fit 120 columns. Bits are per character; `words_0.5` is the
    fraction of words written at temperature 0.5 that occur in the corpus.

    Args:
        scores: what reports/scores.json holds.
    """
    gap_nats = scores["best"]["gap_nats_per_char"]
    found = {
        "held_out_bits": scores["held_out_bits_per_char"],
        "best_epoch": scores["best_epoch"],
        "gap_bits": None if gap_nats is None else gap_nats * NATS_TO_BITS,
    }
    for temperature in HEADLINE_TEMPERATURES:
        if "real_word_fraction" in (of_text := scores["temperature"].get(temperature, {})):
            found[f"words_{temperature}"] = of_text["real_word_fraction"]
    if (ngram := scores["baseline"].get(f"ngram_{HEADLINE_NGRAM}_bits_per_char")) is not None:
        found[f"ngram_{HEADLINE_NGRAM}_bits"] = ngram
    return found
