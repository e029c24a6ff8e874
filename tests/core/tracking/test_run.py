"""A run that was begun before is adopted, and gets what it lacks."""

import shutil
import subprocess
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from stages.core.pipeline.errors import UserError
from stages.core.tracking.sampling_run import SamplingRun
from stages.core.tracking.store import experiment_id, tracking_uri


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
    Path("samples.csv").write_text("epoch,temperature\n", encoding="utf-8")
    return mlflow.MlflowClient(uri)


def log(scores: pd.DataFrame, length: int = 20) -> None:
    run = SamplingRun(required=True)
    run.start("0" * 64, {"sample": {"length": length}}, Path("samples.csv"))
    run.log_scores(scores)
    run.finish()


def only_run(store: mlflow.MlflowClient) -> mlflow.entities.Run:
    (run,) = store.search_runs([e.experiment_id for e in store.search_experiments()])
    return run


def artifact(run: mlflow.entities.Run, name: str | Path) -> Path:
    return Path(run.info.artifact_uri.removeprefix("file://"), name)


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
        patch = artifact(run, "uncommitted.diff")
        assert "+ONE = 2" in patch.read_text(encoding="utf-8")
        patch.unlink()


def test_an_evaluation_with_other_parameters_or_another_result_is_a_run_of_its_own(store: mlflow.MlflowClient) -> None:
    metrics = Path("metrics.json")
    sample, samples = {"sample": {"length": 20}}, Path("samples.csv")
    for score_length, result in ((100, "1"), (100, "1"), (50, "1"), (50, "2"), (100, "1")):
        metrics.write_text(result, encoding="utf-8")
        run = SamplingRun(required=True)
        run.start("0" * 64, sample, samples)
        run.start("0" * 64, sample | {"evaluate": {"score_length": score_length}}, samples, metrics)
        run.log_artifacts(metrics)
    runs = store.search_runs([e.experiment_id for e in store.search_experiments()])
    logged = [
        (run.data.params["evaluate.score_length"], artifact(run, metrics).read_text(encoding="utf-8")) for run in runs
    ]
    assert sorted(logged) == [("100", "1"), ("50", "1"), ("50", "2")]


def test_a_run_that_is_only_completed_keeps_its_duration(store: mlflow.MlflowClient) -> None:
    scores = pd.DataFrame({"epoch": [1], "temperature": [0.5], "repetition": [0.25]})
    log(scores)
    before = only_run(store).info
    log(scores)
    after = only_run(store).info
    assert (after.status, after.end_time) == ("FINISHED", before.end_time)


def test_a_database_is_beside_the_project_even_where_a_temporary_experiment_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    for uri in ("", "sqlite:///mlflow.db", f"sqlite:///{tmp_path}/mlflow.db"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        assert tracking_uri() == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert tracking_uri() == "http://127.0.0.1:5000"


def test_artifacts_are_beside_the_project_for_every_database(
    store: mlflow.MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    experiment = store.get_experiment(experiment_id(store))
    assert experiment.artifact_location == (tmp_path / "mlruns").as_uri()


def test_an_experiment_that_was_deleted_is_named(store: mlflow.MlflowClient) -> None:
    store.delete_experiment(experiment_id(store))
    with pytest.raises(UserError, match="the experiment zarathustra was deleted there; restore it"):
        log(pd.DataFrame())


def test_a_run_that_fails_is_marked_so_and_finished_when_the_work_goes_on(store: mlflow.MlflowClient) -> None:
    run = SamplingRun(required=True)
    run.start("0" * 64, {}, Path("samples.csv"))
    with pytest.raises(ZeroDivisionError), run.ended_early():
        raise ZeroDivisionError
    assert only_run(store).info.status == "FAILED"
    log(pd.DataFrame({"epoch": [], "temperature": [], "repetition": []}))
    assert only_run(store).info.status == "FINISHED"


def test_what_is_no_number_in_the_metrics_is_left_out(store: mlflow.MlflowClient) -> None:
    run = SamplingRun(required=True)
    run.start("0" * 64, {}, Path("samples.csv"))
    run.log_summary({"last": {"loss_nats_per_char": None}, "best_epoch": 3})
    assert only_run(store).data.metrics == {"best_epoch": 3}
