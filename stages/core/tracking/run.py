"""A run in MLflow.

Everything can be logged again from the same outputs without a change: a killed run is adopted, a restored one
completed, a lost database made again.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stages.core.pipeline.files import scratch_root
from stages.core.pipeline.locks import exclusive
from stages.core.pipeline.secrets import masked
from stages.core.tracking import git
from stages.core.tracking.connection import Connection
from stages.core.tracking.outputs import Folders, Output
from stages.core.tracking.provenance import flattened, provenance_tags
from stages.core.tracking.store import Metric, MlflowClient, Param, Run, RunStatus

MAX_PARAM_LENGTH = 6000
DESCRIPTION = "mlflow.note.content"  # the tag in which MLflow keeps a description
MAX_METRICS = 1000  # that one batch may hold


class TrackedRun:
    """One run, adopted or new."""

    def __init__(self, connection: Connection | None = None) -> None:
        """Prepare a run; nothing is connected yet.

        Args:
            connection: to the store; one of its own if None.
        """
        self.connection = connection or Connection()
        self._run_id: str | None = None
        self._ended: int | None = None  # when the adopted run had finished, in milliseconds

    @property
    def run_id(self) -> str | None:
        """The id, while the run is going on and the store can be reached."""
        return None if self.connection.is_lost else self._run_id

    def mark_finished(self) -> None:
        """Mark the run as finished; one that was finished before and was only completed keeps its end."""
        with self.connection.tolerate_errors():
            if self.run_id is not None:
                self._store().set_terminated(self.run_id, end_time=self._ended)
                self._run_id = None

    @contextmanager
    def ended_early(self) -> Iterator[None]:
        """Mark the run as killed, or failed, if the block is left early; it is adopted when the work resumes."""
        try:
            yield
        except BaseException as error:
            with self.connection.tolerate_errors():
                if self.run_id is not None:
                    status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
                    if self._ended is not None:
                        status = "FINISHED"  # it was before, and only something was to be added
                    self._store().set_terminated(self.run_id, status, self._ended)
                    self._run_id = None
            raise

    def log_outputs(self, outputs: Iterable[Output], folders: Folders) -> None:
        """Log files and folders under their names; what was there is replaced."""
        with self.connection.tolerate_errors():
            if self.run_id is None:
                return
            for output in outputs:
                _log_path(self._store(), self.run_id, output.path(folders), output.artifact)

    def _store(self) -> MlflowClient:
        return self.connection.client

    def _find(
        self,
        kind: str,
        fingerprint: str,
        parameters: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Run | None:
        """Return the newest run with this fingerprint in which no parameter and no tag has another value."""
        wanted = f"tags.kind = '{kind}' and tags.fingerprint = '{fingerprint}'"
        texts, tags = as_texts(parameters or {}), tags or {}
        for run in self._store().search_runs([self.connection.experiment_id], wanted):
            data = run.data
            if texts.items() <= (texts | data.params).items() and tags.items() <= {**tags, **data.tags}.items():
                return run
        return None

    def _start(
        self,
        kind: str,
        fingerprint: str,
        name: str,
        tags: Mapping[str, str],
        identity: tuple[Mapping[str, Any], Mapping[str, str]] = ({}, {}),
    ) -> Run:
        """Return the run that has this identity, adopted, or a new one, marked as running.

        Args:
            kind: training or sampling.
            fingerprint: of what decides its results.
            name: of a new run.
            tags: further ones.
            identity: parameters and tags that must not have another value in a run that is adopted.
        """
        store = self._store()
        with exclusive(scratch_root() / "runs.lock"):  # of two processes, the second adopts the run of the first
            run = self._find(kind, fingerprint, *identity)
            if run is None:
                all_tags = {"kind": kind, "fingerprint": fingerprint, **provenance_tags(), **tags}
                all_tags = {key: masked(value) for key, value in all_tags.items()}
                run = store.create_run(self.connection.experiment_id, tags=all_tags, run_name=name)
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
                    file.write_bytes(patch)
                    self._store().log_artifact(run.info.run_id, str(file))

    def _note_description(self, run_id: str, markdown: str) -> None:
        """Show a text on the page of the run."""
        self._store().set_tag(run_id, DESCRIPTION, markdown)

    def _has_artifact(self, run: Run, name: str) -> bool:
        return any(artifact.path == name for artifact in self._store().list_artifacts(run.info.run_id))

    def _log_parameters(self, run: Run, parameters: Mapping[str, Any]) -> None:
        new = [Param(key, value) for key, value in as_texts(parameters).items() if key not in run.data.params]
        self._store().log_batch(run.info.run_id, params=new)

    def _log_metrics(self, run_id: str, values: Mapping[tuple[str, int], float]) -> None:
        """Log metrics by name and step; those with the same value stay, so that twice is once."""
        store = self._store()
        logged = _logged_metrics(store, run_id)
        now = int(time.time() * 1000)
        # compared as texts: NaN is not equal to itself, and numbers from a table may differ in the last digit
        new = {k: v for k, v in values.items() if k not in logged or f"{logged[k]:.12g}" != f"{v:.12g}"}
        metrics = [Metric(key, float(value), now, step) for (key, step), value in new.items()]
        for i in range(0, len(metrics), MAX_METRICS):
            store.log_batch(run_id, metrics=metrics[i : i + MAX_METRICS])


def as_texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as MLflow keeps them, passwords in addresses masked."""
    flat = flattened(parameters)
    texts = {
        k: json.dumps(v, sort_keys=True) if isinstance(v, list | tuple | dict) else str(v) for k, v in flat.items()
    }
    return {key: masked(text)[:MAX_PARAM_LENGTH] for key, text in texts.items()}


def _logged_metrics(store: MlflowClient, run_id: str) -> dict[tuple[str, int], float]:
    """Return the last value that each metric has at each step."""
    histories = [store.get_metric_history(run_id, name) for name in store.get_run(run_id).data.metrics]
    metrics = sorted((m for history in histories for m in history), key=lambda metric: metric.timestamp)
    return {(metric.key, metric.step): metric.value for metric in metrics}


def _log_path(store: MlflowClient, run_id: str, path: Path, artifact: str) -> None:
    """Log a file or folder. Read-only files, such as DVC's links into its cache, are logged as writable copies.

    MLflow copies the permissions too, and could not write them a second time.
    """
    files = [file for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
    with tempfile.TemporaryDirectory() as folder:
        if any(not file.stat().st_mode & 0o200 for file in files):
            copy = Path(folder, path.name)
            for file in files:
                target = copy / file.relative_to(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
            path = copy
        if path.is_dir():
            store.log_artifacts(run_id, str(path), artifact)
        else:
            store.log_artifact(run_id, str(path), artifact.rpartition("/")[0] or None)
