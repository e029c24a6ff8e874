"""Results of the evaluation: reports/metrics.json, the numbers to compare runs by, and reports/scores.json, all."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stages.core.pipeline.errors import readable
from stages.core.pipeline.files import read_json

METRICS = ("best_epoch", "held_out_bits")  # keys of metrics.json, short for DVC's tables
SCORES = ("best_epoch", "held_out_bits_per_char")  # keys of scores.json


def read_metrics(path: Path, required: Iterable[str] = METRICS) -> dict[str, Any]:
    """Return the contents of metrics.json or scores.json.

    Raises:
        UserError: it is damaged, or lacks a required key.
    """
    with readable(path):
        metrics: dict[str, Any] = read_json(path)
        if not isinstance(metrics, dict):
            raise ValueError("not an object")
        if missing := [name for name in required if name not in metrics]:
            raise ValueError(f"no {', '.join(missing)}")
        if type(metrics["best_epoch"]) is not int:
            raise ValueError("best_epoch is not an integer")
        return metrics
