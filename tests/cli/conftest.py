"""The command `zarathustra` of a small project."""

from collections.abc import Callable

import pytest

from tests.support.project import Project

Zarathustra = Callable[..., str]


@pytest.fixture(scope="module")
def finished(finished_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished project of the module's own."""
    return finished_project.copy(tmp_path_factory.mktemp("cli"))


@pytest.fixture(scope="module")
def zarathustra(finished: Project) -> Zarathustra:
    """Run the command in that project; return what it printed, standard error included."""
    return lambda *arguments, **options: finished.run("python", "-m", "stages.cli.main", *arguments, **options)
