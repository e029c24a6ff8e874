"""`zarathustra sweep`: real experiments on this machine."""

import re

from stages.cli.sweep_grid import point_name
from tests.support.project import Project


def sweep(project: Project, *arguments: str, status: int = 0) -> str:
    return project.run("python", "-m", "stages.cli.main", "sweep", *arguments, status=status)


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
