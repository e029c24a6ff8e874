"""Sweeps that are killed, and sweeps on a Ray cluster of two nodes: the bytes are those of each run alone."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from ruamel.yaml import YAML

from stages.cli.sweep_grid import point_name
from tests.support.killing import started as start
from tests.support.project import Project

SWEEP = (sys.executable, "-m", "stages.cli.main", "sweep")
SEEDS = (1, 2)
WANTED = ("-S", f"train.random_seed=range(1,{len(SEEDS) + 1})", "-S", "train.epochs=3")


@pytest.fixture(scope="module")
def alone(finished_project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, str]]:
    """The hashes of the outputs of each point, run by `dvc repro` alone."""
    hashes = {}
    for seed in SEEDS:
        project = finished_project.copy(tmp_path_factory.mktemp("alone"))
        project.set_params("train", random_seed=seed, epochs=3)
        project.run("dvc", "repro")
        hashes[seed] = project.locked_outputs()
    return hashes


@pytest.fixture
def project(project_with_outputs: Project) -> Project:
    """A finished project, its results committed and pushed to a repository and to a remote of DVC."""
    project = project_with_outputs
    folder = project.path.parent
    project.run("git", "init", "-q", "--bare", "-b", "main", str(folder / "team.git"))
    project.run("git", "remote", "add", "origin", str(folder / "team.git"))
    project.run("dvc", "remote", "add", "--default", "team", str(folder / "data-of-the-team"))
    project.run("git", "add", ".")
    project.run("git", "commit", "-q", "-m", "Results")
    return project


def push(project: Project) -> None:
    project.run("git", "push", "-q", "origin", "main")
    project.run("dvc", "push", "-q")


def name_of(seed: int) -> str:
    return point_name("sweep", (f"train.random_seed={seed}", "train.epochs=3"))


def hashes(project: Project, seed: int) -> dict[str, str]:
    """The hashes of the outputs of a point, from the dvc.lock of its experiment."""
    (ref,) = project.run("git", "for-each-ref", "--format=%(refname)", f"refs/exps/**/{name_of(seed)}").split()
    lock = YAML(typ="safe").load(project.run("git", "show", f"{ref}:dvc.lock"))
    return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage["outs"]}


def assert_complete(project: Project, alone: dict[int, dict[str, str]]) -> None:
    assert {seed: hashes(project, seed) for seed in SEEDS} == alone
    points = project.runs("point")
    assert {run.data.params["train.random_seed"] for run in points} == set(map(str, SEEDS))
    assert len(points) == len(SEEDS)
    (parent,) = project.runs("sweep")
    assert parent.info.status == "FINISHED"
    assert list(project.path.parent.glob(".sweep-*")) == []


def started(project: Project, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
    return start(project, *SWEEP, *WANTED, *arguments, **variables)


def wait_for_weights(folder: Path) -> None:
    """Wait until a point has trained an epoch."""
    give_up = time.monotonic() + 900
    while not list(folder.glob(".sweep-*/models/epochs/001.weights.h5")):
        assert time.monotonic() < give_up
        time.sleep(0.02)


@pytest.mark.parametrize("everything", [False, True], ids=["the sweep alone", "with all that it started"])
def test_killed_and_started_again_a_sweep_does_what_is_missing(
    everything: bool, project: Project, alone: dict[int, dict[str, str]]
) -> None:
    process = started(project)
    wait_for_weights(project.path.parent)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for child in children if everything else []:
        child.send_signal(signal.SIGKILL)
    process.communicate()
    printed, _ = started(project, "--jobs", "2").communicate()
    assert "Best: train.random_seed=" in printed, printed
    assert_complete(project, alone)


def test_terminated_a_sweep_ends_what_it_started(project: Project) -> None:
    process = started(project, "--jobs", "2")
    wait_for_weights(project.path.parent)
    children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, printed
    assert "Stopped by SIGTERM. Run the same command again to continue." in printed
    assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []


def test_on_ray_the_points_have_the_bytes_of_each_run_alone(
    cluster: Any, project: Project, alone: dict[int, dict[str, str]]
) -> None:
    on_ray = ("--ray", cluster.address)
    uri = f"sqlite:///{project.path / 'mlflow.db'}"

    def sweep(status: int, uri: str) -> str:
        return project.run(*SWEEP, *WANTED, *on_ray, status=status, MLFLOW_TRACKING_URI=uri)

    assert "Error: --ray needs MLFLOW_TRACKING_URI, the server to which all machines log." in sweep(1, "")
    assert "Error: origin: does not have the commit" in sweep(1, uri)
    push(project)
    process = started(project, *on_ray, MLFLOW_TRACKING_URI=uri)  # its first tasks train when it is killed
    wait_for_weights(Path(tempfile.gettempdir()) / f"zarathustra-sweep-{os.getuid()}")
    process.kill()
    process.communicate()
    printed = sweep(0, uri)
    assert "Best: train.random_seed=" in printed
    assert_complete(project, alone)
    assert "2 points, 2 of them done before." in sweep(0, uri)

    newcomer = Project(project.path.with_name("newcomer"))  # another clone finds what is done
    project.run("git", "clone", "-q", str(project.path.parent / "team.git"), str(newcomer.path))
    assert "2 points, 2 of them done before." in newcomer.run(*SWEEP, *WANTED, *on_ray, MLFLOW_TRACKING_URI=uri)
    assert {seed: hashes(newcomer, seed) for seed in SEEDS} == alone


def test_without_a_cluster_one_message_says_so(project: Project) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: make scale")
    push(project)
    uri = f"sqlite:///{project.path / 'mlflow.db'}"
    printed = project.run(*SWEEP, *WANTED, "--ray", "127.0.0.1:1", status=1, MLFLOW_TRACKING_URI=uri)
    assert printed == (
        "Error: --ray 127.0.0.1:1: nothing listens there. "
        "Start a cluster with `ray start --head`, or leave --ray out.\n"
    )
