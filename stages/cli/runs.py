"""Logged runs, found by id or by name, and their artifacts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stages.core.pipeline import rules
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.secrets import masked
from stages.core.tracking.failures import explained
from stages.core.tracking.provenance import EXPERIMENT
from stages.core.tracking.store import Run, experiment_id, open_store, tracking_uri


@dataclass(frozen=True)
class Logged:
    """A training run and one of its sampling runs."""

    training: Run
    sampling: Run | None
    name: str

    @property
    def latest(self) -> Run:
        """The run whose code made all of it."""
        return self.sampling or self.training


@contextmanager
def answered() -> Iterator[None]:
    """Turn a failure of the store into one message."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise explained(error) from error


@answered()
def find(name: str) -> Logged:
    """Return the run with this id, the start of an id (four characters or more), this name, or of this experiment.

    An experiment that only sampled or evaluated again has a sampling run.

    Raises:
        UserError: no run, or several, which are listed.
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
        or [run for run in trainings if name == run.data.tags.get(EXPERIMENT)]
        or [run for run in samplings if name in (run.info.run_id, run.info.run_name, run.data.tags.get(EXPERIMENT))]
        or [run for run in trainings + samplings if len(name) >= 4 and run.info.run_id.startswith(name)]
    )
    if len(found) != 1:
        named = [f"{run.info.run_name} ({run.info.run_id[:8]})" for run in (found or trainings + samplings)[:10]]
        problem = "several runs" if found else "no run"
        uri = masked(tracking_uri())
        raise UserError(f"{rules.shown(name)} names {problem} in {uri}. Give one of: {', '.join(named) or 'none yet'}.")
    (run,) = found
    parent = run.data.tags.get("mlflow.parentRunId")
    shown = name if name == run.data.tags.get(EXPERIMENT) else str(run.info.run_name)
    if parent is not None:
        return Logged(store.get_run(parent), run, shown)
    return Logged(run, _sampling_of(run, samplings), shown)


def _sampling_of(training: Run, samplings: list[Run]) -> Run | None:
    """Return the newest sampling of a training, if possible one of the same experiment."""
    children = [run for run in samplings if run.data.tags["mlflow.parentRunId"] == training.info.run_id]
    experiment = training.data.tags.get(EXPERIMENT)
    same = [run for run in children if run.data.tags.get(EXPERIMENT) == experiment]
    return next(iter(same or children), None)


@answered()
def has(run: Run, artifact: str) -> bool:
    """Tell whether a run has logged an artifact."""
    parent = artifact.rpartition("/")[0]
    return artifact in {a.path for a in open_store().list_artifacts(run.info.run_id, parent or None)}


@answered()
def fetch(run: Run, artifact: str, folder: Path) -> Path:
    """Copy an artifact of a run into `folder`; return the path of the copy.

    Raises:
        UserError: the run has no such artifact.
    """
    if not has(run, artifact):
        raise UserError(f"The run {run.info.run_name} has no {artifact}: {_why_missing(run)}.")
    return Path(open_store().download_artifacts(run.info.run_id, artifact, str(folder)))


def _why_missing(run: Run) -> str:
    """Return why a run lacks an artifact, and what helps."""
    if run.info.status == "RUNNING":
        return "it is still running, or was killed. `dvc repro` completes it"
    if run.info.status != "FINISHED":
        return "it ended early. `dvc repro` completes it"
    where = masked(str(run.info.artifact_uri))
    return (
        f"its files are gone from {where}. If models/ and reports/ hold this run, `zarathustra sync` logs them again; "
        "else check out its commit, then run `dvc checkout` and `zarathustra sync`"
    )
