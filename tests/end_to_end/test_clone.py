"""A colleague's clone: what was pushed is pulled, what changed runs, and both runs are in the clone's own store."""

from pathlib import Path

from tests.support.project import Project, stages_that_ran


def test_a_pulled_clone_trains_nothing_and_logs_training_and_samples(
    project_with_outputs: Project, tmp_path: Path
) -> None:
    origin = project_with_outputs
    origin.run("dvc", "remote", "add", "--default", "shared", str(tmp_path / "remote"))
    origin.run("git", "add", ".")
    origin.run("git", "commit", "-q", "-m", "Results")
    origin.run("dvc", "push", "--run-cache")
    clone = Project(tmp_path / "clone" / "project")
    origin.run("git", "clone", "-q", str(origin.path), str(clone.path))
    clone.run("dvc", "pull", "--run-cache")
    assert stages_that_ran(clone.run("dvc", "repro")) == set()

    clone.set_params("sample", temperatures=[0.3])
    assert stages_that_ran(clone.run("dvc", "repro")) == {"check", "sample", "evaluate", "report"}
    clone.run("zarathustra", "sync")
    (training,), (sampling,) = clone.runs("training"), clone.runs("sampling")
    assert sampling.data.tags["mlflow.parentRunId"] == training.info.run_id
    assert training.info.status == sampling.info.status == "FINISHED"
    assert training.data.params["train.epochs"] == "2" and training.data.metrics
