"""The table of scores, reports/scores.csv: a row for each epoch and temperature, a column for each score."""

from pathlib import Path

import pandas as pd

from stages.core.pipeline.errors import readable
from stages.core.pipeline.params import temperature_label

KEYS = ["epoch", "temperature"]


def scores_csv(scores: pd.DataFrame) -> str:
    """Return the table as CSV; a temperature of infinity is written `inf`."""
    table = scores.assign(temperature=[temperature_label(t) for t in scores["temperature"]])
    return table.to_csv(index=False, lineterminator="\n")


def read_scores(path: Path) -> pd.DataFrame:
    """Return the table of scores.

    Raises:
        UserError: it is damaged, or has no scores.
    """
    with readable(path):
        table = pd.read_csv(path)
        if [*table.columns[:2]] != KEYS or len(table.columns) < 3:
            raise ValueError(f"its columns must be {', '.join(KEYS)} and scores")
        if table.empty:
            raise ValueError("no scores")
        table = table.dropna(axis="columns", how="all")  # where words are not scored
        return table.astype(float).astype({"epoch": int})
