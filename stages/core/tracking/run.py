"""A run in MLflow, for as long as the store can be reached.

All that is logged may be logged again from the same outputs and changes nothing then, so that a killed run is
adopted, a restored one completed, and a lost database made again. A store that cannot be reached never stops the
work: that is said once, and `zarathustra sync` logs the run later.
"""

import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stages.core.tracking import git
from stages.core.tracking.provenance import flattened, provenance_tags
from stages.core.tracking.store import (
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

MAX_PARAM_LENGTH = 6000
TRACKING = "ZARATHUSTRA_TRACKING"  # "off": nothing is logged; `reproduce` repeats what is logged already
logger = logging.getLogger(__name__)


class TrackedRun:
    """One run, adopted or new."""

    def __init__(self, *, required: bool = False) -> None:
        """Connect to nothing yet.

        Args:
            required: a store that cannot be reached is an error, for without it there is nothing to do.
        """
        self._required = required
        self._lost = os.environ.get(TRACKING) == "off"
        self._client: MlflowClient | None = None
        self._experiment_id = ""
        self._run_id: str | None = None
        self._ended: int | None = None  # when the run that was adopted had finished, in milliseconds

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

    @contextmanager
    def ended_early(self) -> Iterator[None]:
        """Mark the run as killed, or failed, where the work in this block is; it is adopted when the work goes on."""
        try:
            yield
        except BaseException as error:
            with self._survived():
                if self._run_id is not None:
                    status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
                    self._store().set_terminated(self._run_id, status)
            raise

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
        texts, tags = as_texts(parameters or {}), tags or {}
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

    def _log_parameters(self, run: Run, parameters: Mapping[str, Any]) -> None:
        new = [Param(key, value) for key, value in as_texts(parameters).items() if key not in run.data.params]
        self._store().log_batch(run.info.run_id, params=new)

    def _log_metrics(self, run_id: str, values: Mapping[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        self._store().log_batch(run_id, metrics=[Metric(k, float(v), now, step) for k, v in values.items()])


def as_texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as MLflow keeps them."""
    flat = flattened(parameters)
    texts = {
        k: json.dumps(v, sort_keys=True) if isinstance(v, list | tuple | dict) else str(v) for k, v in flat.items()
    }
    return {key: text[:MAX_PARAM_LENGTH] for key, text in texts.items()}
