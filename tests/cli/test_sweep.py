"""`zarathustra sweep`: which points there are, what is refused, and real experiments on this machine."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.cli.sweep_grid import grid, point_name
from stages.core.pipeline.errors import UserError
from tests.support.project import Project

SYNTAX = "Write KEY=VALUE, KEY=VALUE,VALUE or 'KEY=range(4)', with keys of params.yaml."


def test_a_grid_has_every_combination_in_the_syntax_of_dvc(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.path)
    before = project.read("params.yaml")
    assert grid(["train.learning_rate=0.005,1e-2", "train.random_seed=range(1,3)", "sample.temperatures=[0.5,1]"]) == [
        ("train.learning_rate=0.005", "train.random_seed=1", "sample.temperatures=[0.5,1]"),
        ("train.learning_rate=0.005", "train.random_seed=2", "sample.temperatures=[0.5,1]"),
        ("train.learning_rate=0.01", "train.random_seed=1", "sample.temperatures=[0.5,1]"),
        ("train.learning_rate=0.01", "train.random_seed=2", "sample.temperatures=[0.5,1]"),
    ]
    assert project.read("params.yaml") == before


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("train.epochs=1,0", "params.yaml: train.epochs must be an integer from 1 to 999. Received: 0 (of type int)."),
        ("train.epoch=1,2", f"-S train.epoch=1: params.yaml has no such key. {SYNTAX}"),
        ("train.epochs", f"-S train.epochs: Error parsing override 'train.epochs'. {SYNTAX}"),
        ("train.epochs=range(", f"-S train.epochs=range(: no viable alternative at input 'range('. {SYNTAX}"),
        (
            "train.epochs=glob(*)",
            f"-S train.epochs=glob(*): Glob override 'train.epochs=glob(*)' is not supported. {SYNTAX}",
        ),
        ("~train.epochs", "params.yaml: train.epochs is missing. Add it as stages/README.md describes."),
        (
            "dvc.yaml:stages=1,2",
            "-S must set keys of params.yaml, as in train.epochs=1,2. Received: dvc.yaml:stages=1,2.",
        ),
        (
            "train.carry_state=true",
            "params.yaml: train.carry_state: true needs train.targets: every. Received: last. Change one of them.",
        ),
    ],
)
def test_a_point_that_cannot_run_is_refused_before_any_runs(
    wanted: str, message: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.path)
    with pytest.raises(UserError) as refused:
        grid([wanted])
    assert str(refused.value) == message


@given(st.permutations(["train.epochs=1", "train.units=8", "sample.length=20"]))
def test_the_name_of_a_point_does_not_depend_on_the_order_of_its_settings(overrides: list[str]) -> None:
    assert point_name("sweep", tuple(overrides)) == "sweep-30f1a9dd"


def sweep(project: Project, *arguments: str, status: int = 0) -> str:
    return project.run("python", "-m", "stages.cli.main", "sweep", *arguments, status=status)


def test_uncommitted_changes_are_refused(project: Project) -> None:
    project.set_params("train", epochs=3)
    assert sweep(project, "-S", "train.units=4,8", status=1) == (
        "Error: A sweep runs the commit, and the project differs from it: params.yaml. Commit that first.\n"
    )
    assert project.runs("sweep") == []


def test_a_sweep_runs_every_point_once_and_shows_all_of_them(project_with_outputs: Project) -> None:
    project = project_with_outputs
    project.run("git", "add", ".")
    project.run("git", "commit", "-q", "-m", "Results")
    before = project.read("dvc.lock")
    printed = sweep(project, "-S", "evaluate.score_length=50,100", "--jobs", "2")
    assert "2 points, 0 of them done before.\n" in printed
    (parent,) = project.runs("sweep")
    points = project.runs("point")
    assert (parent.info.status, parent.info.run_name) == ("FINISHED", "sweep")
    assert parent.data.params == {"evaluate.score_length": "50,100"}
    assert [run.data.tags["mlflow.parentRunId"] for run in points] == [parent.info.run_id] * 2
    assert {run.data.params["evaluate.score_length"] for run in points} == {"50", "100"}
    assert all(run.data.metrics["held_out_bits_per_char"] > 0 and run.info.status == "FINISHED" for run in points)
    (training,) = project.runs("training")  # which ran before there was a sweep
    assert {run.data.tags["training.run_id"] for run in points} == {training.info.run_id}
    assert {run.info.status for run in project.runs("sampling")} == {"FINISHED"}
    assert project.read("dvc.lock") == before
    assert project.run("git", "status", "--porcelain") == ""
    assert list(project.path.parent.glob(".sweep-*")) == []

    experiments = set(re.findall(r"sweep-[0-9a-f]{8}", project.run("dvc", "exp", "list", "--name-only")))
    again = sweep(project, "-S", "evaluate.score_length=50,100")
    assert "2 points, 2 of them done before.\n" in again
    assert {run.data.tags["dvc.experiment"] for run in project.runs("point")} == experiments
    assert len(project.runs("sweep")) == 1


def test_a_point_that_fails_is_shown_and_the_others_run(project_with_outputs: Project) -> None:
    project = project_with_outputs
    project.run("git", "add", ".")
    project.run("git", "commit", "-q", "-m", "Results")
    wanted = ("-S", "vectorize.window_length=10,2000", "--name", "lengths")  # the first is that of the commit
    failing = point_name("lengths", ("vectorize.window_length=2000",))
    for points_done in (0, 1):
        printed = sweep(project, *wanted, status=1)
        assert f"2 points, {points_done} of them done before.\n" in printed
        assert f"{failing} (vectorize.window_length=2000) failed:\n" in printed
        assert "vectorize.window_length is too long for this corpus of 3,000 characters. Received: 2000." in printed
        assert printed.endswith(f"Error: 1 of 2 points failed, for the reasons above: {failing}.\n")
        assert [run.data.params["vectorize.window_length"] for run in project.runs("point")] == ["10"]
        assert [run.info.status for run in project.runs("sweep")] == ["FAILED"]
