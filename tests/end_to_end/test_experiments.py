"""Experiments in temporary and queued workspaces, which vanish: what they leave in the project's own store."""

from tests.support.project import Project


def test_temporary_and_queued_experiments_leave_their_runs_in_the_same_store(project_with_outputs: Project) -> None:
    project = project_with_outputs
    project.run("git", "add", ".")
    project.run("git", "commit", "-q", "-m", "Results")
    project.run("dvc", "exp", "run", "--temp", "--name", "shorter", "-S", "train.epochs=1", "sample")
    # the second stops after training, as each further stage starts Python, and more, once again
    project.run("dvc", "exp", "run", "--queue", "--name", "longer", "-S", "train.epochs=3", "train")
    project.run("dvc", "exp", "run", "--run-all")

    first, *others = project.runs("training")
    name = "made-up-lstm8-last-epochs"
    assert [run.info.run_name for run in others] == [f"{name}1-shorter", f"{name}3-longer"]
    assert [run.data.params["train.epochs"] for run in others] == ["1", "3"]
    baseline = project.run("git", "rev-parse", "HEAD").strip()
    for run, experiment in zip(others, ("shorter", "longer"), strict=True):
        assert run.data.tags["dvc.experiment"] == experiment
        assert run.data.tags["dvc.baseline"] == baseline
        assert run.info.status == "FINISHED"
    parents = [run.data.tags["mlflow.parentRunId"] for run in project.runs("sampling")]
    assert parents == [run.info.run_id for run in (first, others[0])]
