"""The table of scores, reports/scores.csv: a row for each epoch and temperature, a column for each score."""

from pathlib import Path

import pandas as pd

from stages.core.pipeline.errors import readable
from stages.core.pipeline.files import require_file
from stages.core.pipeline.params import temperature_label

KEYS = ["epoch", "temperature"]
MOST_COLUMNS = 100  # of a damaged file, thousands would take minutes


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
        columns = [*pd.read_csv(require_file(path), nrows=0).columns]
        if columns[:2] != KEYS or not 3 <= len(columns) <= MOST_COLUMNS:
            raise ValueError(f"its columns must be {', '.join(KEYS)} and scores")
        table = pd.read_csv(path)
        if table.empty:
            raise ValueError("no scores")
        table = table.dropna(axis="columns", how="all")  # where words are not scored
        return table.astype(float).astype({"epoch": int})
