"""The MLflow store: a database beside the project, or wherever MLFLOW_TRACKING_URI says."""

import logging
import os

from stages.core.common.files import project_root

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # the work must not wait for a server
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")

# imported from here, so that the settings above always come first
import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunStatus
from mlflow.entities.model_registry import ModelVersion

__all__ = [
    "Dataset",
    "DatasetInput",
    "InputTag",
    "Metric",
    "MlflowClient",
    "ModelVersion",
    "Param",
    "Run",
    "RunStatus",
    "experiment_id",
    "mlflow",
    "open_store",
    "tracking_uri",
]

EXPERIMENT = "zarathustra"
for noisy in ("mlflow", "alembic"):
    logging.getLogger(noisy).setLevel(logging.ERROR)


def tracking_uri() -> str:
    """Return the store to log to: MLFLOW_TRACKING_URI, or a database file beside the project."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{project_root() / 'mlflow.db'}"


def open_store() -> MlflowClient:
    """Return the client of the store and of its registry of models. Nothing is reached yet."""
    return MlflowClient(tracking_uri(), tracking_uri())


def experiment_id(store: MlflowClient) -> str:
    """Return the experiment that runs are logged to; make it where there is none."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
    experiment = store.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    # our own database: artifacts beside it; a server decides for itself
    own = not os.environ.get("MLFLOW_TRACKING_URI")
    return str(store.create_experiment(name, (project_root() / "mlruns").as_uri() if own else None))
