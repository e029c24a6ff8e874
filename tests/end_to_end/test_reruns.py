"""What DVC finds changed after each parameter of params.yaml was changed. `make stress` runs what follows as well."""

import dataclasses

import pytest
from dvc.repo import Repo

from stages.core.pipeline.params import SECTIONS
from tests.support.project import Project, stages_that_ran
from tests.support.reruns import CHANGES, ORDER, Change


def test_the_table_has_every_parameter_once() -> None:
    parameters = [f"{name}.{field.name}" for name, section in SECTIONS.items() for field in dataclasses.fields(section)]
    assert [change.parameter for change in CHANGES] == parameters


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.parameter)
def test_changed_parameter_makes_these_stages_stale(
    change: Change, project_with_outputs: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = change.parameter.split(".")[1]
    assert project_with_outputs.params()[change.section][key] != change.value
    project_with_outputs.set_params(change.section, **{key: change.value})
    monkeypatch.chdir(project_with_outputs.path)
    with Repo() as repo:
        assert set(repo.status()) == set(change.stale)


@pytest.mark.parametrize("parameter", ["download.retries", "evaluate.score_length", "report.prompt"])
def test_changed_parameter_reruns_these_stages_and_no_other(parameter: str, project_with_outputs: Project) -> None:
    (change,) = (c for c in CHANGES if c.parameter == parameter)
    assert_reruns(change, project_with_outputs)


def assert_reruns(change: Change, project: Project) -> None:
    """Change the parameter in a finished project and run it."""
    project.set_params(change.section, **{change.parameter.split(".")[1]: change.value})
    ran = stages_that_ran(project.run("dvc", "repro"))
    assert [stage for stage in ORDER if stage in ran] == list(change.stages)
