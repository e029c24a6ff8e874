"""The run of a training, found by its fingerprint."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stages.core.tracking.run import TrackedRun
from stages.core.tracking.store import Dataset, DatasetInput, InputTag


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """What a training run is, before its first epoch."""

    fingerprint: str
    parameters: Mapping[str, Any]  # sections of params.yaml
    corpus_sha256: str
    num_characters: int


class TrainingRun(TrackedRun):
    """Parameters, the corpus, losses by epoch, weights."""

    def __init__(self, *, required: bool = False) -> None:
        super().__init__(required=required)
        self._epochs_logged: set[int] = set()

    def start(self, record: TrainingRecord) -> None:
        """Start the run, or adopt the one that has its fingerprint."""
        with self._survived():
            train = record.parameters["train"]
            described = f"lstm{train['units']}-epochs{train['epochs']}-{record.fingerprint[:8]}"
            name = os.environ.get("DVC_EXP_NAME") or described
            run = self._start("training", record.fingerprint, name, {}, self._find("training", record.fingerprint))
            self._log_parameters(run, record.parameters)
            if not run.inputs or not run.inputs.dataset_inputs:
                corpus = Dataset(
                    name="corpus",
                    digest=record.corpus_sha256[:32],
                    source_type="local",
                    source=json.dumps({"uri": "data/corpus.txt"}),
                    profile=json.dumps({"num_characters": record.num_characters}),
                )
                tags = [InputTag("mlflow.data.context", "training")]
                self._store().log_inputs(run.info.run_id, [DatasetInput(corpus, tags)])
            history = self._store().get_metric_history(run.info.run_id, "val_loss_nats_per_char")
            self._epochs_logged = {metric.step for metric in history}

    def log_epoch(self, row: Mapping[str, Any], seconds: float | None = None, num_characters: int = 0) -> None:
        """Log one row of the history at its epoch, unless that was done before."""
        with self._survived():
            if self._run_id is None or row["epoch"] in self._epochs_logged:
                return
            values = {key: value for key, value in row.items() if key != "epoch"}
            if seconds is not None:
                values |= {"seconds_per_epoch": seconds, "characters_per_second": num_characters / seconds}
            self._log_metrics(self._run_id, values, row["epoch"])
