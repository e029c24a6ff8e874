"""MLflow: one run for each training, found by its fingerprint, with a child run for each sampling.

Everything here may be called again with the same outputs and changes nothing then, so that a killed run is
adopted, a restored one completed, and a lost database made again. A store that cannot be reached never stops
the work: that is said once, and `zarathustra sync` logs the run later.
"""

import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from stages.core.common.files import sha256_of_file
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
    reason_of,
    tracking_uri,
    unreachable,
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
        self._ended: int | None = None  # when the run that was adopted had finished, in milliseconds
        self._epochs_logged: set[int] = set()

    def start_training(self, record: TrainingRecord) -> None:
        """Start the run of a training, or adopt the one that has its fingerprint."""
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

    def finish(self, files: tuple[Path, ...] = ()) -> None:
        """Log files as artifacts and mark the run as finished."""
        with self._survived():
            if self._run_id is None:
                return
            for file in files:
                self._store().log_artifact(self._run_id, str(file))
            # what was finished before and is only completed took no longer for it
            self._store().set_terminated(self._run_id, end_time=self._ended)
            self._run_id = None

    def start_sampling(
        self, training_fingerprint: str, parameters: Mapping[str, Any], samples: Path, *others: Path
    ) -> None:
        """Start the child run of one sampling, or adopt it.

        It is known by what was generated, then by what evaluate and report made of that. Where this is other than
        what a run has, or was made with other parameters, that is another run: nothing is overwritten.

        Args:
            training_fingerprint: of the run that it belongs to.
            parameters: sections of params.yaml, of the stages so far.
            samples: reports/samples.csv.
            others: further files that these stages have written.
        """
        with self._survived():
            parent = self._find("training", training_fingerprint)
            tags = {"mlflow.parentRunId": parent.info.run_id} if parent else {}
            samples_sha256 = sha256_of_file(samples)
            fingerprint = f"{training_fingerprint[:32]}-{samples_sha256[:32]}"
            known_by = {f"sha256/{file.name}": sha256_of_file(file) for file in others}
            experiment = os.environ.get("DVC_EXP_NAME")
            name = f"{experiment}-sampling" if experiment else f"sampling-{samples_sha256[:8]}"
            adopted = self._find("sampling", fingerprint, parameters, known_by)
            run = self._start("sampling", fingerprint, name, tags | known_by, adopted)
            self._log_parameters(run, parameters)

    def log_samples(self, samples: pd.DataFrame, file: Path) -> None:
        """Log the samples, unless they are: their file, one text for each epoch, one table, mean entropies by epoch."""
        with self._survived():
            if self._run_id is None:
                return
            store, run_id = self._store(), self._run_id
            if self._has_artifact(store.get_run(run_id), "samples.json"):  # the last of them
                return
            for epoch, group in samples.groupby("epoch"):
                store.log_text(run_id, samples_markdown(group), f"samples/epoch_{epoch:03d}.md")
            store.log_text(run_id, samples_markdown(samples), file.with_suffix(".md").name)
            store.log_artifact(run_id, str(file))
            self.log_scores(samples.groupby(["epoch", "temperature"])["entropy_nats"].mean().reset_index())
            store.log_table(run_id, samples, "samples.json")

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
            # compared as texts: NaN is not equal to itself, and what comes from a table may differ in the last digit
            new = {k: v for k, v in found.items() if k not in logged or f"{logged[k]:.12g}" != f"{v:.12g}"}
            metrics = [Metric(key, value, now, step) for (key, step), value in new.items()]
            for i in range(0, len(metrics), 1000):  # the most that a batch may hold
                self._store().log_batch(self._run_id, metrics=metrics[i : i + 1000])

    def log_evaluation(self, metrics: Mapping[str, Any], scores: pd.DataFrame, *files: Path) -> None:
        """Log what metrics.json and scores.csv hold, and the two themselves."""
        self.log_summary(metrics)
        self.log_scores(scores)
        self.log_artifacts(*files)

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
            if self._required:
                raise unreachable(error) from error
            if not self._lost:
                logger.warning(
                    "MLflow: %s does not answer (%s). The work goes on; log it afterwards with `zarathustra sync`.",
                    tracking_uri(),
                    reason_of(error),
                )
            self._lost, self._run_id = True, None

    def _store(self) -> MlflowClient:
        if self._lost:
            raise ConnectionError("the store was lost before")
        if self._client is None:
            self._client = open_store()
            self._experiment_id = experiment_id(self._client)
        return self._client

    def _find(
        self,
        kind: str,
        fingerprint: str,
        parameters: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Run | None:
        """Return the newest run with this fingerprint in which no parameter and no tag has another value."""
        wanted = f"tags.kind = '{kind}' and tags.fingerprint = '{fingerprint}'"
        texts, tags = _as_texts(parameters or {}), tags or {}
        for run in self._store().search_runs([self._experiment_id], wanted):
            data = run.data
            if texts.items() <= (texts | data.params).items() and tags.items() <= {**tags, **data.tags}.items():
                return run
        return None

    def _start(self, kind: str, fingerprint: str, name: str, tags: Mapping[str, str], run: Run | None) -> Run:
        """Return `run`, adopted, or a new one where there is none, marked as running."""
        store = self._store()
        if run is None:
            all_tags = {"kind": kind, "fingerprint": fingerprint, **provenance_tags(), **tags}
            run = store.create_run(self._experiment_id, tags=all_tags, run_name=name)
            self._ended = None
        else:
            self._ended = run.info.end_time if run.info.status == "FINISHED" else None
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
                with tempfile.TemporaryDirectory() as folder:
                    file = Path(folder, "uncommitted.diff")
                    file.write_bytes(patch)  # of files in whatever encoding
                    self._store().log_artifact(run.info.run_id, str(file))

    def _has_artifact(self, run: Run, name: str) -> bool:
        return any(artifact.path == name for artifact in self._store().list_artifacts(run.info.run_id))

    def _logged_metrics(self, run_id: str) -> dict[tuple[str, int], float]:
        """Return the last value that each metric has at each step."""
        histories = [self._store().get_metric_history(run_id, k) for k in self._store().get_run(run_id).data.metrics]
        metrics = sorted((m for history in histories for m in history), key=lambda metric: metric.timestamp)
        return {(metric.key, metric.step): metric.value for metric in metrics}

    def _log_parameters(self, run: Run, parameters: Mapping[str, Any]) -> None:
        new = [Param(key, value) for key, value in _as_texts(parameters).items() if key not in run.data.params]
        self._store().log_batch(run.info.run_id, params=new)

    def _log_metrics(self, run_id: str, values: Mapping[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        self._store().log_batch(run_id, metrics=[Metric(k, float(v), now, step) for k, v in values.items()])


def _as_texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as MLflow keeps them."""
    flat = flattened(parameters)
    texts = {
        k: json.dumps(v, sort_keys=True) if isinstance(v, list | tuple | dict) else str(v) for k, v in flat.items()
    }
    return {key: text[:MAX_PARAM_LENGTH] for key, text in texts.items()}
