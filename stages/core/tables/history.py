"""The table of losses, reports/history.csv: a row for each epoch."""

import math
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from stages.core.pipeline.errors import readable

NATS_TO_BITS = 1 / math.log(2)


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """What came of one epoch. A loss that diverged may be no number."""

    epoch: int  # from 1
    loss_nats_per_char: float  # mean over the training windows, each as the network was when it came to it
    val_loss_nats_per_char: float  # mean over the validation windows, after the epoch
    val_bits_per_char: float  # the same in bits
    learning_rate: float  # that the epoch was trained with, in the end
    num_rollbacks: int  # how often it was taken back before


def read_history(path: Path) -> pd.DataFrame:
    """Return the table.

    Raises:
        UserError: it is damaged.
    """
    with readable(path):
        table = pd.read_csv(path)
        types = {field.name: field.type for field in fields(HistoryRow)}
        return table[list(types)].astype(types)


def history_csv(rows: list[HistoryRow]) -> str:
    """Return the table as CSV. Numbers in the shortest form that reads back as the same number."""
    columns = [field.name for field in fields(HistoryRow)]
    return pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n")
