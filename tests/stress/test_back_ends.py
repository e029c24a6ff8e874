"""The store of a team, really started by `make server`: MLflow on PostgreSQL and S3, DVC's remote on S3."""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest

from stages.cli.team_server import PLACES
from tests.support.make import add_makefile, make
from tests.support.project import Project, stages_that_ran
from tests.support.servers import free_port, serving

pytest.importorskip("boto3", reason="the extra is not installed: make scale")
if not shutil.which("initdb") and not any(any(Path("/").glob(place)) for place in PLACES):
    pytest.skip("PostgreSQL is not installed", allow_module_level=True)


@dataclass(frozen=True)
class Team:
    """The server, while it runs."""

    uri: str  # of MLflow
    folder: Path  # that keeps everything
    set_up: list[str]  # the commands that it prints for a project whose data are to be kept there


@pytest.fixture(scope="module")
def team(untouched_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A running server."""
    maker = untouched_project.copy(tmp_path_factory.mktemp("maker"))
    add_makefile(maker)
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)  # PostgreSQL does not run as root: another user must get through to its folder
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    command = make("server", f"PORT={port}", f"S3_PORT={free_port()}", f"FOLDER={folder}")
    with serving(command, maker.path, f"{uri}/health") as process:
        log = maker.path.with_name("server.log").read_text(encoding="utf-8")
        yield Team(uri, folder, [line.strip() for line in log.splitlines() if line.startswith("    dvc ")])
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(120)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def project(team: Team, untouched_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project after `dvc repro`, its runs on the server, its results committed and its data pushed."""
    made = untouched_project.copy(tmp_path_factory.mktemp("team"))
    (made.path / "mlflow.db").unlink()
    connect(made, team)
    run(made, team, "dvc", "repro")
    made.run("git", "add", ".")
    made.run("git", "commit", "-q", "-m", "Results")
    made.run("dvc", "push")
    return made


def connect(project: Project, team: Team) -> None:
    """Do what the server says."""
    assert len(team.set_up) == 4
    for command in team.set_up:
        if "--local" in command or not (project.path / ".dvc" / "config").read_text(encoding="utf-8").count("endpoint"):
            project.run("sh", "-c", command)


def run(project: Project, team: Team, *command: str) -> str:
    return project.run(*command, MLFLOW_TRACKING_URI=team.uri)


def runs(team: Team, kind: str) -> list[mlflow.entities.Run]:
    store = mlflow.MlflowClient(team.uri)
    experiments = [experiment.experiment_id for experiment in store.search_experiments()]
    return list(store.search_runs(experiments, f"tags.kind = '{kind}'", order_by=["attributes.start_time"]))


def test_a_pipeline_and_two_experiments_at_once_are_logged(team: Team, project: Project) -> None:
    for name, epochs in (("shorter", 1), ("longer", 3)):
        run(project, team, "dvc", "exp", "run", "--queue", "--name", name, "-S", f"train.epochs={epochs}")
    run(project, team, "dvc", "exp", "run", "--run-all", "--jobs", "2")
    trainings, samplings = runs(team, "training"), runs(team, "sampling")
    assert {run.data.params["train.epochs"] for run in trainings} == {"1", "2", "3"}
    assert len(trainings) == len(samplings) == 3
    assert {run.info.status for run in trainings + samplings} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in samplings} == {run.info.run_id for run in trainings}
    store = mlflow.MlflowClient(team.uri)
    versions = store.search_model_versions("name = 'zarathustra'")
    best = store.get_model_version_by_alias("zarathustra", "best")
    assert float(best.tags["bits_per_char"]) == min(float(version.tags["bits_per_char"]) for version in versions)
    assert not (project.path / "mlflow.db").exists()
    assert not (project.path / "mlruns").exists()
    assert len(list((team.folder / "s3" / "mlflow").rglob("*.weights.h5"))) >= 3


def test_what_is_logged_can_be_reproduced_compared_and_logged_again(team: Team, project: Project) -> None:
    name = runs(team, "training")[0].info.run_name
    reproduced = run(project, team, "zarathustra", "reproduce", name, "--yes")
    assert reproduced.endswith("Every output has the same bytes.\n")
    before = [(r.info.run_id, r.data.metrics) for kind in ("training", "sampling") for r in runs(team, kind)]
    assert "All of it is in http://127.0.0.1:" in run(project, team, "zarathustra", "sync")
    assert [(r.info.run_id, r.data.metrics) for kind in ("training", "sampling") for r in runs(team, kind)] == before


def test_a_network_writes_from_the_server_alone(team: Team, project: Project, tmp_path: Path) -> None:
    name = runs(team, "training")[0].info.run_name
    generate = ("zarathustra", "generate", "--seed", "1", "--length", "20", "--prompt", "ada climbs down")
    written = run(project, team, *generate, "--run", name)
    assert written == run(project, team, *generate)
    port = free_port()
    variables = {"MLFLOW_TRACKING_URI": team.uri, "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT": "300"}
    (tmp_path / "elsewhere").mkdir()  # no project: the model brings its code
    with serving(
        ["zarathustra", "serve", "--port", str(port)],
        tmp_path / "elsewhere",
        f"http://127.0.0.1:{port}/ping",
        variables,
    ):
        body = json.dumps({"inputs": [{"prompt": "ada climbs down", "length": 20, "seed": 1}]})
        header = ("--header", "Content-Type: application/json")
        answer = project.run("curl", "-s", f"http://127.0.0.1:{port}/invocations", *header, "--data", body)
    assert len(json.loads(answer)["predictions"][0]["text"]) == 20


def test_a_fresh_clone_pulls_from_s3_and_reruns_nothing(team: Team, project: Project, tmp_path: Path) -> None:
    clone = Project(tmp_path / "clone")
    project.run("git", "clone", "-q", str(project.path), str(clone.path))
    connect(clone, team)
    clone.run("dvc", "pull")
    assert clone.locked_outputs() == project.locked_outputs()
    assert stages_that_ran(run(clone, team, "dvc", "repro")) == set()
    assert clone.run("git", "status", "--porcelain") == ""
