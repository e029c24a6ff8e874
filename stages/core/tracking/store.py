"""The MLflow store: a database beside the project, or wherever MLFLOW_TRACKING_URI says."""

import logging
import os

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import project_root

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
    "mlflow",
    "open_store",
    "reason_of",
    "tracking_uri",
    "unreachable",
]

EXPERIMENT = "zarathustra"
SQLITE = "sqlite:///"
DATABASES = ("sqlite:", "postgresql", "mysql", "mssql")
for noisy in ("mlflow", "alembic"):
    logging.getLogger(noisy).setLevel(logging.ERROR)


def tracking_uri() -> str:
    """Return the store to log to: MLFLOW_TRACKING_URI, or a database file beside the project.

    The path of a database file counts from the project: the folder of a temporary experiment vanishes.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}mlflow.db"
    return f"{SQLITE}{project_root() / uri.removeprefix(SQLITE)}" if uri.startswith(SQLITE) else uri


def open_store() -> MlflowClient:
    """Return the client of the store and of its registry of models. Nothing is reached yet."""
    return MlflowClient(tracking_uri(), tracking_uri())


def experiment_id(store: MlflowClient) -> str:
    """Return the experiment that runs are logged to; make it where there is none."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
    experiment = store.get_experiment_by_name(name)
    if experiment is None:
        # a database of our own: artifacts beside the project; a server decides for itself
        own = tracking_uri().startswith(DATABASES)
        try:
            return str(store.create_experiment(name, (project_root() / "mlruns").as_uri() if own else None))
        except MlflowException:  # another run may have been faster
            experiment = store.get_experiment_by_name(name)
            if experiment is None:
                raise
    if experiment.lifecycle_stage != "active":
        raise RuntimeError(f"the experiment {name} was deleted there; restore it, or set MLFLOW_EXPERIMENT_NAME")
    return str(experiment.experiment_id)


def unreachable(error: Exception) -> UserError:
    """Return what to tell a person whose command needs the store."""
    return UserError(
        f"MLflow: {tracking_uri()} does not answer ({reason_of(error)}). Start it, or correct MLFLOW_TRACKING_URI."
    )


def reason_of(error: BaseException) -> str:
    """Return in a few words what lies at the bottom of an error."""
    while (inner := error.__cause__ or error.__context__) and not isinstance(inner, KeyError):
        error = inner
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(words).splitlines()[0]
