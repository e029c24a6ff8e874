"""What several tests share: a migrated MLflow database, a small project, and the same with its outputs made."""

import signal
from pathlib import Path

import mlflow
import pytest
from hypothesis import settings

from tests.support.project import Project, Zarathustra

# a shell's background job ignores Ctrl-C, and one under `nohup` SIGHUP; so would all that the tests start
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
# a busy machine is slow, not wrong
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs; making one takes seconds, a copy none."""
    path = tmp_path_factory.mktemp("database") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture(scope="session")
def untouched_project(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Project:
    """A small project in which nothing was run. Tests that change something take a copy."""
    return Project.create(tmp_path_factory.mktemp("untouched") / "zarathustra", empty_database)


@pytest.fixture(scope="session")
def finished_project(tmp_path_factory: pytest.TempPathFactory, untouched_project: Project) -> Project:
    """A small project after `dvc repro`. Tests that change something take a copy."""
    project = untouched_project.copy(tmp_path_factory.mktemp("finished"))
    project.run("dvc", "repro")
    return project


@pytest.fixture
def project(tmp_path: Path, untouched_project: Project) -> Project:
    """A small project of the test's own in which nothing was run."""
    return untouched_project.copy(tmp_path)


@pytest.fixture
def project_with_outputs(tmp_path: Path, finished_project: Project) -> Project:
    """A small project of the test's own, after `dvc repro`."""
    return finished_project.copy(tmp_path)


@pytest.fixture(scope="module")
def finished(finished_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished project of the module's own."""
    return finished_project.copy(tmp_path_factory.mktemp("module"))


@pytest.fixture(scope="module")
def zarathustra(finished: Project) -> Zarathustra:
    """Run the command in the module's project; return what it printed, standard error included."""
    return lambda *arguments, **options: finished.run("python", "-m", "stages.cli.main", *arguments, **options)
