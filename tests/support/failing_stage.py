"""A stage run by the command that dvc.yaml has for it, and made to fail."""

from ruamel.yaml import YAML

from tests.support.files import contents
from tests.support.project import Project


def command(project: Project, stage: str) -> list[str]:
    """The words of a stage's command."""
    words: list[str] = YAML(typ="safe").load(project.path / "dvc.yaml")["stages"][stage]["cmd"].split()
    return words


def message_of(project: Project, stage: str) -> str:
    """Run a stage that must fail with exit status 1 and leave every file as it was; return what it printed last."""
    before = contents(project.path)
    printed = project.run(*command(project, stage), status=1, PYTHONDONTWRITEBYTECODE="1")
    assert "Traceback" not in printed
    assert contents(project.path) == before
    return printed.splitlines()[-1]
