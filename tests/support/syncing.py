"""`zarathustra sync` in a small project, and what the store then holds."""

from typing import Any

import mlflow

from tests.support.project import Project


def sync(project: Project, *arguments: str, status: int = 0, tracking_uri: str = "") -> str:
    """Run the command; return what it printed."""
    command = ("python", "-m", "stages.cli.main", "sync", *arguments)
    return project.run(*command, status=status, MLFLOW_TRACKING_URI=tracking_uri)


def logged(project: Project) -> list[Any]:
    """Everything that the store holds of the runs, but for ids and times."""
    store = mlflow.MlflowClient(f"sqlite:///{project.path / 'mlflow.db'}")
    return [
        (
            run.info.run_name,
            run.info.status,
            sorted(run.data.params.items()),
            sorted((m, len(store.get_metric_history(run.info.run_id, m))) for m in run.data.metrics),
            sorted(a.path for a in store.list_artifacts(run.info.run_id)),
        )
        for kind in ("training", "sampling")
        for run in project.runs(kind)
    ]
