"""`zarathustra sync` logs what is there, once, and nothing that does not belong together."""

import shutil
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from ruamel.yaml import YAML

from stages.cli import sync as command
from stages.core.pipeline.errors import UserError
from stages.core.tables.history import COLUMNS
from stages.core.tracking.lockfile import md5_of
from stages.core.tracking.outputs import Folders
from stages.core.tracking.stage_log import log_stage
from tests.support.project import Project
from tests.support.syncing import logged, sync

AGAIN = "Run `dvc checkout`, or `dvc repro`."


def test_a_lost_database_is_made_again_and_twice_is_once(project_with_outputs: Project) -> None:
    project = project_with_outputs
    (project.path / "mlflow.db").unlink(missing_ok=True)
    sync(project)
    once = logged(project)
    sync(project)
    assert logged(project) == once
    (training, sampling) = once
    curves = {"learning_rate", "loss_nats_per_char", "num_rollbacks", "val_loss_nats_per_char"}
    assert {name for name, count in training[3] if count == 2} == curves
    assert {"figures", "index.html", "metrics.json", "samples", "samples.json"} <= set(sampling[4])


def test_two_at_once_on_no_database_lose_nothing(project_with_outputs: Project) -> None:
    project = project_with_outputs
    (project.path / "mlflow.db").unlink(missing_ok=True)
    project.run("sh", "-c", "python -m stages.cli.main sync & python -m stages.cli.main sync && wait $!")
    assert [(status, name.count("-samples-")) for name, status, *_ in logged(project)] == [
        ("FINISHED", 0),
        ("FINISHED", 1),
    ]


def test_what_is_registered_can_be_loaded_after_a_move_and_after_the_files_are_gone(
    project_with_outputs: Project,
) -> None:
    project = project_with_outputs
    shutil.rmtree(project.path / "mlruns", ignore_errors=True)
    (project.path / "mlflow.db").unlink(missing_ok=True)
    sync(project)
    moved = Project(project.path.rename(project.path.with_name("new name")))
    load = "import mlflow; model = mlflow.pyfunc.load_model('models:/zarathustra@best');"
    load += "print(model.predict([{'length': 5}]).text.tolist())"
    uri = f"sqlite:///{moved.path / 'mlflow.db'}"
    assert "no run" not in sync(moved)
    text = moved.run("python", "-c", load, MLFLOW_TRACKING_URI=uri).splitlines()[-1]  # warnings have a time
    assert not project.path.exists()
    shutil.rmtree(moved.path / "mlruns")
    (training,) = moved.runs("training")
    generate = (
        "python",
        "-m",
        "stages.cli.main",
        "generate",
        "--run",
        training.info.run_id,
        "--length",
        "5",
        "--seed",
        "0",
    )
    assert f"its files are gone from {(moved.path / 'mlruns').as_uri()}" in moved.run(*generate, status=1)
    assert "epoch 2 is version 2, which now has the alias 'best'." in sync(moved)
    assert moved.run("python", "-c", load, MLFLOW_TRACKING_URI=uri).splitlines()[-1] == text
    moved.run(*generate)


def test_without_outputs_it_says_so(project: Project) -> None:
    assert sync(project, status=1) == "Error: reports/history.csv does not exist. Run `dvc repro` first.\n"


@pytest.fixture
def here(project_with_outputs: Project, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A finished project as the current folder, with a store of its own that is empty."""
    store = project_with_outputs.path / "empty.db"
    shutil.copyfile(empty_database, store)
    monkeypatch.chdir(project_with_outputs.path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return project_with_outputs


def runs_here() -> list[mlflow.entities.Run]:
    store = mlflow.MlflowClient(f"sqlite:///{Path('empty.db').absolute()}")
    return list(store.search_runs([e.experiment_id for e in store.search_experiments()]))


def replaced(path: str, other: str) -> Callable[[], object]:
    return lambda: shutil.copyfile(other, path)


def removed(path: str) -> Callable[[], object]:
    return lambda: shutil.rmtree(path) if Path(path).is_dir() else Path(path).unlink()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (replaced("models/epochs/002.weights.h5", "models/epochs/001.weights.h5"), "models/epochs is not that of"),
        (removed("models/epochs/001.weights.h5"), "models/epochs is not that of"),
        (removed("models/epochs"), "models/epochs does not exist, but is in"),
        (replaced("reports/history.csv", "reports/samples.csv"), "reports/history.csv is not that of"),
    ],
)
def test_another_training_is_not_logged(damage: Callable[[], object], problem: str, here: Project) -> None:
    damage()
    with pytest.raises(UserError) as error:
        command.run(Namespace(best=False))
    assert str(error.value) == f"{problem} the training in dvc.lock. {AGAIN}"
    assert runs_here() == []


@pytest.mark.parametrize(
    ("damage", "said", "stages"),
    [
        (removed("reports/figures/loss.svg"), "report: reports/figures is not that of", "sample, evaluate"),
        (removed("reports/figures"), "report: reports/figures does not exist, but is in", "sample, evaluate"),
        (
            replaced("reports/metrics.json", "models/network.json"),
            "evaluate: reports/metrics.json is not that of",
            "sample",
        ),
    ],
)
def test_only_stages_with_their_own_outputs_are_logged(
    damage: Callable[[], object], said: str, stages: str, here: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    damage()
    command.run(Namespace(best=False))
    printed = capsys.readouterr().out
    assert f"Without stage {said} dvc.lock. `dvc repro` makes it again.\n" in printed
    assert f"Sampling: {stages}.\n" in printed
    assert [run.info.status for run in runs_here()] == ["FINISHED", "FINISHED"]


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("dvc.lock", "- a\n- b\n", "damaged (no stages with deps and outs). Run `git checkout dvc.lock`."),
        ("dvc.lock", "stages: [train]\n", "damaged (no stages with deps and outs). Run `git checkout dvc.lock`."),
        ("reports/metrics.json", "{}", None),
        ("reports/scores.csv", "", None),
        ("reports/history.csv", ",".join(COLUMNS) + "\n", None),
        ("reports/samples.csv", "epoch,temperature,prompt,text,entropy_nats\n", None),
    ],
)
def test_a_damaged_file_is_one_message_and_nothing_is_logged(
    path: str, text: str, reason: str | None, here: Project
) -> None:
    if path != "dvc.lock":
        Path("dvc.lock").unlink()  # else it tells that the file is another
    Path(path).write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        command.run(Namespace(best=False))
    assert str(error.value).startswith(f"{path}: {reason or 'damaged ('}")
    assert runs_here() == []


def test_the_hashes_of_folders_are_those_of_dvc(here: Project) -> None:
    stages = YAML(typ="safe").load(Path("dvc.lock"))["stages"]
    folders = [entry for stage in stages.values() for entry in stage["outs"] if entry["md5"].endswith(".dir")]
    assert {"data/raw", "data/windows", "models/epochs"} <= {entry["path"] for entry in folders}
    assert {entry["path"]: md5_of(Path(entry["path"])) for entry in folders} == {e["path"]: e["md5"] for e in folders}


def test_a_stage_in_a_clone_logs_the_training_that_dvc_fetched(here: Project, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", "stages")
    folders = Folders()
    log_stage("sample", folders.models, folders.reports)
    kinds = {run.data.tags["kind"]: run for run in runs_here()}
    assert kinds["sampling"].data.tags["mlflow.parentRunId"] == kinds["training"].info.run_id
    assert {run.info.status for run in kinds.values()} == {"FINISHED"}
    assert len(runs_here()) == 2 and caplog.messages == []


def test_a_stage_does_not_log_a_training_that_is_not_in_dvc_lock(
    here: Project, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copyfile("models/epochs/001.weights.h5", "models/epochs/002.weights.h5")
    folders = Folders()
    log_stage("sample", folders.models, folders.reports)
    assert [run.data.tags["kind"] for run in runs_here()] == ["sampling"]
    assert caplog.messages == ["The run of the training is not logged: models/epochs is not what dvc.lock records."]
