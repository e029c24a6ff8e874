"""The run of a training, found by its fingerprint."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.core.networks.description import NetworkDescription
from stages.core.pipeline.rules import PARAMS_FILE, read_yaml
from stages.core.tracking.connection import Connection
from stages.core.tracking.describing import description_of_training, name_of_training
from stages.core.tracking.outputs import OUTPUTS, Folders
from stages.core.tracking.provenance import TRAINING_STAGES, experiment
from stages.core.tracking.run import DESCRIPTION, TrackedRun
from stages.core.tracking.store import Dataset, DatasetInput, InputTag, Metric, Run

# the step, and the validation loss in bits: one name for one number
NOT_LOGGED = ("epoch", "val_bits_per_char")


class TrainingRun(TrackedRun):
    """Parameters, the corpus, losses by epoch, weights."""

    def __init__(self, connection: Connection | None = None) -> None:
        super().__init__(connection)
        self._epochs_logged: set[int] = set()

    def start(
        self, network: NetworkDescription, num_characters: int, parameters: Mapping[str, Any] | None = None
    ) -> None:
        """Start the run, or adopt the one with the same fingerprint.

        Args:
            network: what models/network.json says.
            num_characters: of the corpus.
            parameters: sections of the stages up to training; those of params.yaml if None.
        """
        if parameters is None:
            sections = read_yaml(PARAMS_FILE)
            parameters = {name: sections[name] for name in TRAINING_STAGES}
        with self.connection.tolerate_errors():
            name = name_of_training(network, parameters, experiment())
            run = self._start("training", network.fingerprint, name, {})
            run_id = run.info.run_id
            self._log_parameters(run, parameters)
            if DESCRIPTION not in run.data.tags:  # else its result may be in it already
                self._note_description(run_id, description_of_training(network, num_characters, parameters))
            if not run.inputs or not run.inputs.dataset_inputs:
                corpus = Dataset(
                    name="corpus",
                    digest=network.windows_sha256[:32],
                    source_type="local",
                    source=json.dumps({"uri": "data/corpus.txt"}),
                    profile=json.dumps({"num_characters": num_characters}),
                )
                tags = [InputTag("mlflow.data.context", "training")]
                self._store().log_inputs(run_id, [DatasetInput(corpus, tags)])
            history = self._store().get_metric_history(run_id, "val_loss_nats_per_char")
            self._epochs_logged = {metric.step for metric in history}

    def is_logged(self, fingerprint: str) -> bool:
        """Tell whether the store has the finished run of a training."""
        run = self.find(fingerprint)
        return run is not None and run.info.status == "FINISHED"

    def find(self, fingerprint: str) -> Run | None:
        """Return the run of a training."""
        return self._find("training", fingerprint)

    def seconds(self, fingerprint: str) -> dict[int, float]:
        """Return how many seconds each epoch of a training took, as far as that was logged."""
        run = self.find(fingerprint)
        history = [] if run is None else self._store().get_metric_history(run.info.run_id, "seconds")
        return {metric.step: metric.value for metric in history}

    def log_epoch(self, row: Mapping[str, Any], seconds: float | None = None, num_characters: int = 0) -> None:
        """Log one row of the history at its epoch, unless that was done before."""
        with self.connection.tolerate_errors():
            if self.run_id is None or row["epoch"] in self._epochs_logged:
                return
            values = {name: value for name, value in row.items() if name not in NOT_LOGGED}
            if seconds is not None:
                values |= {"seconds": seconds, "characters_per_second": num_characters / seconds}
            now = int(time.time() * 1000)
            metrics = [Metric(name, float(value), now, row["epoch"]) for name, value in values.items()]
            self._store().log_batch(self.run_id, metrics=metrics)

    def finish(self, models: Path = Folders.models, reports: Path = Folders.reports) -> None:
        """Log the outputs of the training and mark the run as finished."""
        self.log_outputs(OUTPUTS["train"], Folders(models=models, reports=reports))
        self.mark_finished()
