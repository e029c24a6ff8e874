"""Runs that were logged, looked up by id or by name, and what they logged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stages.core.pipeline.errors import UserError
from stages.core.tracking.store import MlflowException, Run, experiment_id, open_store, tracking_uri, unreachable


@dataclass(frozen=True)
class Logged:
    """A training run, and the one of its sampling runs that is meant."""

    training: Run
    sampling: Run | None
    name: str

    @property
    def latest(self) -> Run:
        """The run that tells which code made all of it."""
        return self.sampling or self.training


@contextmanager
def answered() -> Iterator[None]:
    """Say it in one message when the store fails."""
    try:
        yield
    except (MlflowException, RuntimeError) as error:
        raise unreachable(error) from error


@answered()
def find(name: str) -> Logged:
    """Return the run with this id, the start of an id (four characters or more), or this name.

    That of an experiment which only sampled or evaluated anew is a sampling run.

    Raises:
        UserError: none, or several; they are named.
    """
    store = open_store()
    experiment = experiment_id(store)
    trainings, samplings = (
        list(store.search_runs([experiment], f"tags.kind = '{kind}'", max_results=10_000))
        for kind in ("training", "sampling")
    )
    samplings = [run for run in samplings if "mlflow.parentRunId" in run.data.tags]
    found = (
        [run for run in trainings if name in (run.info.run_id, run.info.run_name)]
        or [run for run in samplings if name in (run.info.run_id, run.info.run_name)]
        or [run for run in samplings if name == run.data.tags.get("dvc.experiment")]
        or [run for run in trainings + samplings if len(name) >= 4 and run.info.run_id.startswith(name)]
    )
    if len(found) != 1:
        named = [f"{run.info.run_name} ({run.info.run_id[:8]})" for run in (found or trainings + samplings)[:10]]
        problem = "several runs" if found else "no run"
        raise UserError(f"{name!r} names {problem} in {tracking_uri()}. Give one of: {', '.join(named) or 'none yet'}.")
    (run,) = found
    parent = run.data.tags.get("mlflow.parentRunId")
    if parent is not None:
        return Logged(store.get_run(parent), run, str(run.info.run_name))
    return Logged(run, _sampling_of(run, samplings), str(run.info.run_name))


def _sampling_of(training: Run, samplings: list[Run]) -> Run | None:
    """Return the newest sampling of a training, if possible one of the same experiment."""
    children = [run for run in samplings if run.data.tags["mlflow.parentRunId"] == training.info.run_id]
    experiment = training.data.tags.get("dvc.experiment")
    same = [run for run in children if run.data.tags.get("dvc.experiment") == experiment]
    return next(iter(same or children), None)


@answered()
def has(run: Run, artifact: str) -> bool:
    """Tell whether a run has logged an artifact."""
    parent = artifact.rpartition("/")[0]
    return artifact in {a.path for a in open_store().list_artifacts(run.info.run_id, parent or None)}


@answered()
def fetch(run: Run, artifact: str, folder: Path) -> Path:
    """Return the path under `folder` to which an artifact of a run was copied.

    Raises:
        UserError: the run has no such artifact.
    """
    if not has(run, artifact):
        raise UserError(
            f"The run {run.info.run_name} has no {artifact}: it is at work, or was killed. `dvc repro` completes it."
        )
    return Path(open_store().download_artifacts(run.info.run_id, artifact, str(folder)))
