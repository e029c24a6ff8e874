"""A run that was begun before is adopted, and gets what it lacks."""

import shutil
import subprocess
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from stages.core.runs.tracking import Tracking


@pytest.fixture
def store(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> mlflow.MlflowClient:
    """An empty store, seen from a git repository with a change that is not committed."""
    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{shutil.copy(empty_database, tmp_path)}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    Path("code.py").write_text("ONE = 1\n", encoding="utf-8")
    for command in (["init", "-q"], ["add", "code.py"]):
        subprocess.run(["git", *command], check=True)
    subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "-m", "One"], check=True)
    Path("code.py").write_text("ONE = 2\n", encoding="utf-8")
    return mlflow.MlflowClient(uri)


def log(scores: pd.DataFrame) -> None:
    tracking = Tracking(required=True)
    tracking.start_sampling("0" * 64, "1" * 64)
    tracking.log_scores(scores)


def only_run(store: mlflow.MlflowClient) -> mlflow.entities.Run:
    (run,) = store.search_runs([e.experiment_id for e in store.search_experiments()])
    return run


def test_scores_are_completed_and_corrected(store: mlflow.MlflowClient) -> None:
    scores = pd.DataFrame({"epoch": [1, 2, 3], "temperature": [0.5] * 3, "repetition": [0.25, float("nan"), 0.75]})
    log(scores[:2])
    log(scores)
    log(scores)
    scores.loc[0, "repetition"] = 0.5
    log(scores)
    history = store.get_metric_history(only_run(store).info.run_id, "repetition/temperature_0.5")
    by_step = [[str(m.value) for m in history if m.step == step] for step in (1, 2, 3)]
    assert by_step == [["0.25", "0.5"], ["nan"], ["0.75"]]


def test_the_difference_is_logged_once_and_again_if_it_is_missing(store: mlflow.MlflowClient) -> None:
    scores = pd.DataFrame({"epoch": [1], "temperature": [0.5], "repetition": [0.25]})
    for _ in range(2):
        log(scores)
        run = only_run(store)
        patch = Path(run.info.artifact_uri, "uncommitted.diff")
        assert "+ONE = 2" in patch.read_text(encoding="utf-8")
        patch.unlink()
