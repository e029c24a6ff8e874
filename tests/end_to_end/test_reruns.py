"""What DVC finds changed after each parameter of params.yaml was changed. `make stress` runs what follows as well."""

import dataclasses
from collections.abc import Iterator

import pytest
from dvc.repo import Repo

from stages.core.networks.table import NETWORKS
from stages.core.pipeline.params import SECTIONS
from tests.support.project import Project, stages_that_ran
from tests.support.reruns import CHANGES, ORDER, Change, assert_reruns, make


@pytest.fixture(scope="module")
def one_project(finished_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished project that only params.yaml is changed in."""
    return finished_project.copy(tmp_path_factory.mktemp("status"))


@pytest.fixture
def unchanged(one_project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The same with its first params.yaml, as the current folder."""
    monkeypatch.chdir(one_project.path)
    params = one_project.read("params.yaml")
    yield one_project
    (one_project.path / "params.yaml").write_text(params, encoding="utf-8")


def test_the_table_has_every_parameter_once() -> None:
    parameters = [f"{name}.{field.name}" for name, section in SECTIONS.items() for field in dataclasses.fields(section)]
    if len(NETWORKS) == 1:  # nothing to change it to
        parameters.remove("train.network")
    assert [change.parameter for change in CHANGES] == parameters


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.parameter)
def test_changed_parameter_makes_these_stages_stale(change: Change, unchanged: Project) -> None:
    assert unchanged.params()[change.section][change.key] != change.value
    make(change, unchanged)
    with Repo() as repo:
        assert set(repo.status()) == {"check"}.union(*(each.stale for each in (change, *change.needs)))


@pytest.mark.parametrize("parameter", ["download.retries", "evaluate.score_length", "report.prompt"])
def test_changed_parameter_reruns_these_stages_and_no_other(parameter: str, project_with_outputs: Project) -> None:
    (change,) = (c for c in CHANGES if c.parameter == parameter)
    assert_reruns(change, project_with_outputs)


COMMENT, STATEMENT = "\n# a comment\n", "\nONE_MORE = 1\n"
EDITS = [
    ("stages/train.py", COMMENT, ["check"]),
    ("stages/core/tracking/run.py", STATEMENT, ["check"]),
    ("stages/core/generation/sampling.py", STATEMENT, ["check", "sample", "evaluate", "report"]),
    ("stages/core/report/explorer/styles/page.css", "\nbody {}\n", ["check", "report"]),
    ("stages/core/report/figures.py", STATEMENT, ["check", "report"]),
    ("stages/download.py", STATEMENT, ["check", "download"]),
]


@pytest.mark.parametrize(("path", "added", "stages"), EDITS)
def test_edited_code_reruns_these_stages_and_no_other(
    path: str, added: str, stages: list[str], project_with_outputs: Project
) -> None:
    with (project_with_outputs.path / path).open("a", encoding="utf-8") as file:
        file.write(added)
    ran = stages_that_ran(project_with_outputs.run("dvc", "repro"))
    assert [stage for stage in ORDER if stage in ran] == stages
