"""The MLflow store: a database beside the project, or wherever MLFLOW_TRACKING_URI says."""

import logging
import os
from pathlib import Path

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import project_root
from stages.core.tracking import database, view

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # the work must not wait for a server
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")

# imported from here, so that the settings above always come first
import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

__all__ = [
    "Dataset",
    "DatasetInput",
    "InputTag",
    "Metric",
    "MlflowClient",
    "MlflowException",
    "ModelVersion",
    "Param",
    "Run",
    "RunStatus",
    "experiment_id",
    "keep_view",
    "mlflow",
    "open_store",
    "store_uri",
    "tracking_uri",
]

EXPERIMENT = "zarathustra"
DESCRIPTION = """**Which is best?** The fewest `held_out_bits_per_char`: the first run in the view of `make ui`.

- Each training is a run; its samples and scores are a child run (the plus sign beside its name).
- **What does it write?** The description of a run ends with a sample. All samples by epoch: Artifacts, `samples/`.
- **Loss curves**: the chart view, second of the three buttons below.
"""
SQLITE = "sqlite:///"
SPECIAL = set("?%")  # in a URI
DATABASES = ("sqlite:", "postgresql", "mysql", "mssql")
for noisy in ("mlflow", "alembic", "urllib3"):
    logging.getLogger(noisy).setLevel(logging.ERROR)


def tracking_uri() -> str:
    """Return the store to log to: MLFLOW_TRACKING_URI, or a database file beside the project."""
    path = database_path()
    return os.environ["MLFLOW_TRACKING_URI"] if path is None else f"{SQLITE}{path}"


def database_path() -> Path | None:
    """Return the file of the database; None if the store is something else.

    A relative path counts from the project: the folder of a temporary experiment vanishes.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}mlflow.db"
    return project_root() / uri.removeprefix(SQLITE) if uri.startswith(SQLITE) else None


def store_uri() -> str:
    """Return the store as MLflow can open it: in a URI, the signs ? and % of a path would mean something else."""
    path = database_path()
    if path is not None and SPECIAL & set(str(path)):
        path = Path(os.path.relpath(path))
        if SPECIAL & set(str(path)):
            raise UserError(f"MLflow cannot open {path}: its path holds ? or %. Rename the folder.")
    return tracking_uri() if path is None else f"{SQLITE}{path}"


def open_store() -> MlflowClient:
    """Return the client of the store and of its registry of models. A database file is made if there is none.

    Raises:
        UserError: the database cannot be used.
    """
    path, uri = database_path(), store_uri()
    if uri.startswith("sqlite:") and (path is None or path.name == ":memory:"):  # nothing in it would be kept
        raise UserError(f"MLflow: MLFLOW_TRACKING_URI must name a file, as in {SQLITE}mlflow.db. Received: {uri}.")
    if path is not None:
        if not database.exists(path):
            database.create(path, lambda suffix: MlflowClient(uri + suffix).search_experiments())
        database.check(path)
        if path.parent == project_root():
            database.follow_project(path, artifact_root())
    return MlflowClient(uri, uri)


def artifact_root() -> str:
    """Return where a database beside the project keeps the files of runs, as a URI."""
    return (project_root() / "mlruns").as_uri()


def experiment_id(store: MlflowClient) -> str:
    """Return the experiment that runs are logged to; make it if there is none.

    Raises:
        UserError: it was deleted.
    """
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "").strip() or EXPERIMENT
    experiment = store.get_experiment_by_name(name)
    if experiment is None:
        # a database of our own: artifacts beside the project; a server decides for itself
        own = tracking_uri().startswith(DATABASES)
        try:
            tags = {"mlflow.note.content": DESCRIPTION, view.TAG: view.shared_view()}
            return str(store.create_experiment(name, artifact_root() if own else None, tags))
        except MlflowException:  # another run may have been faster
            experiment = store.get_experiment_by_name(name)
            if experiment is None:
                raise
    found = str(experiment.experiment_id)
    if experiment.lifecycle_stage != "active":
        raise UserError(
            f"MLflow: the experiment {name} was deleted. Restore it with `mlflow experiments restore "
            f"--experiment-id {found}`, or set MLFLOW_EXPERIMENT_NAME to another name."
        )
    return found


def keep_view(store: MlflowClient, experiment: str) -> None:
    """Give an experiment of an earlier release the view of its runs that `make ui` opens, or the present one."""
    shared = view.shared_view()
    if store.get_experiment(experiment).tags.get(view.TAG) != shared:
        store.set_experiment_tag(experiment, view.TAG, shared)
