"""MLflow: one run for each training, found by its fingerprint, with a child run for each sampling.

Everything here may be called again with the same outputs and changes nothing then, so that a killed run is
adopted, a restored one completed, and a lost database made again. A store that cannot be reached never stops
the work: that is said once, and `zarathustra sync` logs the run later.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from stages.core.common.errors import UserError
from stages.core.common.params import temperature_label
from stages.core.runs import git
from stages.core.runs.mlflow_store import (
    Dataset,
    DatasetInput,
    InputTag,
    Metric,
    MlflowClient,
    Param,
    Run,
    RunStatus,
    experiment_id,
    open_store,
    tracking_uri,
)
from stages.core.runs.provenance import flattened, provenance_tags
from stages.core.runs.sample_table import samples_markdown

MAX_PARAM_LENGTH = 6000
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """What a training run is, before its first epoch."""

    fingerprint: str
    parameters: Mapping[str, Any]  # sections of params.yaml
    corpus_sha256: str
    num_characters: int


class Tracking:
    """The store, for as long as it can be reached; or, where it is required, an error when it cannot."""

    def __init__(self, *, required: bool = False) -> None:
        self._required = required
        self._lost = False
        self._client: MlflowClient | None = None
        self._experiment_id = ""
        self._run_id: str | None = None
        self._epochs_logged: set[int] = set()

    def start_training(self, record: TrainingRecord) -> None:
        """Start the run of a training, or adopt the one that has its fingerprint."""
        with self._survived():
            train = record.parameters["train"]
            described = f"lstm{train['units']}-epochs{train['epochs']}-{record.fingerprint[:8]}"
            name = os.environ.get("DVC_EXP_NAME") or described
            run = self._start("training", record.fingerprint, name, {})
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

    def finish(self, files: tuple[Path, ...] = ()) -> None:
        """Log files as artifacts and mark the run as finished."""
        with self._survived():
            if self._run_id is None:
                return
            for file in files:
                self._store().log_artifact(self._run_id, str(file))
            self._store().set_terminated(self._run_id)
            self._run_id = None

    def start_sampling(self, training_fingerprint: str, samples_sha256: str) -> None:
        """Start the child run of one sampling, or adopt it. It is known by what it generated."""
        with self._survived():
            parent = self._find("training", training_fingerprint)
            tags = {"mlflow.parentRunId": parent.info.run_id} if parent else {}
            fingerprint = f"{training_fingerprint[:32]}-{samples_sha256[:32]}"
            self._start("sampling", fingerprint, f"sampling-{samples_sha256[:8]}", tags)

    def log_samples(self, parameters: Mapping[str, Any], samples: pd.DataFrame) -> None:
        """Log the samples: parameters, one text for each epoch, one table, mean entropies by epoch."""
        with self._survived():
            if self._run_id is None:
                return
            store, run_id = self._store(), self._run_id
            run = store.get_run(run_id)
            self._log_parameters(run, parameters)
            if not self._has_artifact(run, "samples.json"):  # the last of them
                for epoch, group in samples.groupby("epoch"):
                    store.log_text(run_id, samples_markdown(group), f"samples/epoch_{epoch:03d}.md")
                store.log_table(run_id, samples, "samples.json")
            scores = samples.groupby(["epoch", "temperature"])["entropy_nats"].mean().reset_index()
            self.log_scores(scores)

    def log_scores(self, scores: pd.DataFrame) -> None:
        """Log each column but `epoch` and `temperature` as one metric by epoch for each temperature.

        What is there with the same value stays; a run that was killed or scored anew gets the rest.
        """
        with self._survived():
            if self._run_id is None:
                return
            logged = self._logged_metrics(self._run_id)
            names = [c for c in scores.columns if c not in ("epoch", "temperature")]
            rows = scores.to_dict("records")
            found = {
                (f"{name}/temperature_{temperature_label(row['temperature'])}", int(row["epoch"])): float(row[name])
                for row in rows
                for name in names
            }
            now = int(time.time() * 1000)
            # compared as texts, for NaN is not equal to itself
            new = {place: value for place, value in found.items() if repr(logged.get(place)) != repr(value)}
            metrics = [Metric(key, value, now, step) for (key, step), value in new.items()]
            for i in range(0, len(metrics), 1000):  # the most that a batch may hold
                self._store().log_batch(self._run_id, metrics=metrics[i : i + 1000])

    def log_summary(self, metrics: Mapping[str, Any]) -> None:
        """Log nested scalars, such as metrics.json, under their joined names."""
        with self._survived():
            if self._run_id is None:
                return
            logged = self._store().get_run(self._run_id).data.metrics
            flat = {key.replace(".", "/", 1): value for key, value in flattened(metrics).items()}
            self._log_metrics(self._run_id, {k: v for k, v in flat.items() if logged.get(k) != v}, 0)

    def log_artifacts(self, *paths: Path, under: str | None = None) -> None:
        """Log files and folders as artifacts of the run; what was there is replaced."""
        with self._survived():
            if self._run_id is None:
                return
            for path in paths:
                if path.is_dir():
                    self._store().log_artifacts(self._run_id, str(path), f"{under}/{path.name}" if under else path.name)
                else:
                    self._store().log_artifact(self._run_id, str(path), under)

    def with_training(self, training_fingerprint: str, action: Callable[[MlflowClient, str], None]) -> None:
        """Do something with the store and the id of the run of a training, where there is one."""
        with self._survived():
            training = self._find("training", training_fingerprint)
            if training is not None:
                action(self._store(), training.info.run_id)

    @contextmanager
    def _survived(self) -> Iterator[None]:
        """Let the work go on when the store fails; say so once."""
        try:
            yield
        except Exception as error:
            reason = _reason(error)
            if self._required:
                raise UserError(
                    f"MLflow: {tracking_uri()} does not answer ({reason}). Start it, or correct MLFLOW_TRACKING_URI."
                ) from error
            if not self._lost:
                logger.warning(
                    "MLflow: %s does not answer (%s). The work goes on; log it afterwards with `zarathustra sync`.",
                    tracking_uri(),
                    reason,
                )
            self._lost, self._run_id = True, None

    def _store(self) -> MlflowClient:
        if self._lost:
            raise ConnectionError("the store was lost before")
        if self._client is None:
            self._client = open_store()
            self._experiment_id = experiment_id(self._client)
        return self._client

    def _find(self, kind: str, fingerprint: str) -> Run | None:
        store = self._store()
        wanted = f"tags.kind = '{kind}' and tags.fingerprint = '{fingerprint}'"
        runs = store.search_runs([self._experiment_id], wanted, max_results=1)
        return runs[0] if runs else None

    def _start(self, kind: str, fingerprint: str, name: str, tags: Mapping[str, str]) -> Run:
        """Return the run with this fingerprint, adopted or new, marked as running."""
        store, run = self._store(), self._find(kind, fingerprint)
        if run is None:
            all_tags = {"kind": kind, "fingerprint": fingerprint, **provenance_tags(), **tags}
            run = store.create_run(self._experiment_id, tags=all_tags, run_name=name)
        else:
            store.update_run(run.info.run_id, status=RunStatus.to_string(RunStatus.RUNNING))
            for key, value in tags.items():
                store.set_tag(run.info.run_id, key, value)
        self._run_id = run.info.run_id
        self._log_difference(run)
        return run

    def _log_difference(self, run: Run) -> None:
        """Keep what differed from the commit when the run began; a kill may have come between."""
        tags = run.data.tags
        if tags["git.dirty"] == "true" and tags["mlflow.source.git.commit"] == git.commit():
            patch = git.difference()
            if patch and not self._has_artifact(run, "uncommitted.diff"):
                self._store().log_text(run.info.run_id, patch, "uncommitted.diff")

    def _has_artifact(self, run: Run, name: str) -> bool:
        return any(artifact.path == name for artifact in self._store().list_artifacts(run.info.run_id))

    def _logged_metrics(self, run_id: str) -> dict[tuple[str, int], float]:
        """Return the last value that each metric has at each step."""
        histories = [self._store().get_metric_history(run_id, k) for k in self._store().get_run(run_id).data.metrics]
        metrics = sorted((m for history in histories for m in history), key=lambda metric: metric.timestamp)
        return {(metric.key, metric.step): metric.value for metric in metrics}

    def _log_parameters(self, run: Run, parameters: Mapping[str, Any]) -> None:
        flat = {
            key: json.dumps(v) if isinstance(v, list | tuple | dict) else str(v)
            for key, v in flattened(parameters).items()
        }
        new = [Param(key, value[:MAX_PARAM_LENGTH]) for key, value in flat.items() if key not in run.data.params]
        self._store().log_batch(run.info.run_id, params=new)

    def _log_metrics(self, run_id: str, values: Mapping[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        self._store().log_batch(run_id, metrics=[Metric(k, float(v), now, step) for k, v in values.items()])


def _reason(error: BaseException) -> str:
    """Return in a few words what lies at the bottom of an error."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(words).splitlines()[0]
