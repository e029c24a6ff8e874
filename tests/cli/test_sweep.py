"""`zarathustra sweep`: which points there are, and what is refused; end_to_end/test_sweep.py runs some."""

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
