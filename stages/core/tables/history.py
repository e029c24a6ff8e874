"""The table of losses, reports/history.csv: a row for each epoch."""

import csv
import io
import math
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.core.pipeline.errors import readable
from stages.core.pipeline.files import require_file

if TYPE_CHECKING:  # takes half a second to import, which `zarathustra generate` has no use for
    import pandas as pd

NATS_TO_BITS = 1 / math.log(2)


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """Result of one epoch. A loss that diverged may be NaN or infinite."""

    epoch: int  # from 1
    loss_nats_per_char: float  # mean over the training windows, each before its own update
    val_loss_nats_per_char: float  # mean over the validation windows, after the epoch
    val_bits_per_char: float  # the same in bits
    learning_rate: float  # at the end of the epoch
    num_rollbacks: int  # before the epoch succeeded


COLUMNS = [field.name for field in fields(HistoryRow)]


def history_csv(rows: list[HistoryRow]) -> str:
    """Return the table as CSV, each number in the shortest form that reads back as the same number; NaN is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([["" if value != value else value for value in astuple(row)] for row in rows])
    return text.getvalue()


def read_history_rows(path: Path) -> list[HistoryRow]:
    """Return the rows of the table.

    Raises:
        UserError: it is damaged, has no row, or its epochs are not 1, 2, 3 and so on.
    """
    with readable(path), require_file(path).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            raise ValueError(f"its columns must be {', '.join(COLUMNS)}")
        convert: dict[str, Callable[[str], Any]] = {
            f.name: int if f.type is int else _float for f in fields(HistoryRow)
        }
        cells = list(reader)
        if any(None in row or None in row.values() for row in cells):
            raise ValueError("a row with too few or too many cells")
        rows = [HistoryRow(**{name: convert[name](row[name]) for name in COLUMNS}) for row in cells]
        if not rows:
            raise ValueError("no epochs")
        if [row.epoch for row in rows] != list(range(1, len(rows) + 1)):
            raise ValueError("the epochs are not 1, 2, 3 and so on")
        return rows


def read_history(path: Path) -> "pd.DataFrame":
    """Return the table.

    Raises:
        UserError: as `read_history_rows`.
    """
    import pandas as pd

    return pd.DataFrame(read_history_rows(path))


def _float(text: str) -> float:
    return float(text) if text != "" else math.nan
