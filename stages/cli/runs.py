"""Runs that were logged, looked up by id or by name, and what they logged."""

from pathlib import Path

from stages.core.common.errors import UserError
from stages.core.runs.mlflow_store import Run, experiment_id, open_store, tracking_uri


def training_run(name: str) -> Run:
    """Return the training run with this id, the start of an id (four characters or more), or this name.

    Raises:
        UserError: none, or several; they are named.
    """
    store = open_store()
    runs = store.search_runs([experiment_id(store)], "tags.kind = 'training'", max_results=10_000)
    found = [run for run in runs if name in (run.info.run_id, run.info.run_name)]
    if not found and len(name) >= 4:
        found = [run for run in runs if run.info.run_id.startswith(name)]
    if len(found) == 1:
        return found[0]
    named = ", ".join(f"{run.info.run_name} ({run.info.run_id[:8]})" for run in (found or runs)[:10]) or "none yet"
    problem = "several runs" if found else "no run"
    raise UserError(f"{name!r} names {problem} in {tracking_uri()}. Give one of: {named}.")


def sampling_runs(training: Run) -> list[Run]:
    """Return the child runs of a training, the newest first."""
    store = open_store()
    wanted = f"tags.kind = 'sampling' and tags.`mlflow.parentRunId` = '{training.info.run_id}'"
    return list(store.search_runs([training.info.experiment_id], wanted))


def has(run: Run, artifact: str) -> bool:
    """Tell whether a run has logged an artifact."""
    parent = artifact.rpartition("/")[0]
    return artifact in {a.path for a in open_store().list_artifacts(run.info.run_id, parent or None)}


def fetch(run: Run, artifact: str, folder: Path) -> Path:
    """Return the path under `folder` to which an artifact of a run was copied.

    Raises:
        UserError: the run has no such artifact.
    """
    if not has(run, artifact):
        raise UserError(f"The run {run.info.run_name} has no {artifact}: was it killed? `dvc repro` completes it.")
    return Path(open_store().download_artifacts(run.info.run_id, artifact, str(folder)))
