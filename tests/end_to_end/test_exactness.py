"""The same inputs give the same bytes; a longer run trains only what is missing."""

from pathlib import Path

from tests.support.killing import IN_TRAINING, TRAIN, kill_and_resume, start_of
from tests.support.project import Project, stages_that_ran


def test_another_folder_and_one_thread_give_the_same_bytes(project: Project, finished_project: Project) -> None:
    project.run("dvc", "repro", ZARATHUSTRA_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
    assert project.locked_outputs() == finished_project.locked_outputs()


def test_a_longer_run_trains_only_what_is_missing(
    project_with_outputs: Project, untouched_project: Project, tmp_path: Path
) -> None:
    longer, whole = project_with_outputs, untouched_project.copy(tmp_path / "whole")
    for each in (longer, whole):
        each.set_params("train", epochs=4)
    output = longer.run("dvc", "repro", "sample")
    assert "Epochs found: 2. Resuming at epoch 3." in output
    assert [line.split()[1] for line in output.splitlines() if line.startswith("epoch ")] == ["3", "4"]
    assert "epoch   1 " in whole.run("dvc", "repro", "sample")
    assert longer.locked_outputs().items() >= whole.locked_outputs().items()

    longer.set_params("train", epochs=3)
    output = longer.run("dvc", "repro", "train")
    assert "train" in stages_that_ran(output)
    assert not [line for line in output.splitlines() if line.startswith("epoch ")]
    assert "Nothing to train: all epochs (3) were kept." in output
    assert sorted(p.name for p in (longer.path / "models" / "epochs").iterdir()) == [
        f"00{epoch}.weights.h5" for epoch in (0, 1, 2, 3)
    ]


def test_a_parameter_changed_and_back_restores_without_training(project_with_outputs: Project) -> None:
    project, before = project_with_outputs, project_with_outputs.locked_outputs()
    project.set_params("train", units=4)
    project.run("dvc", "repro", "train")
    assert project.locked_outputs() != before
    project.set_params("train", units=8)
    output = project.run("dvc", "repro")
    assert "Stage 'train' is cached" in output
    assert project.locked_outputs() == before


def test_three_kills_change_no_byte(project: Project, tmp_path: Path) -> None:
    project.set_params("train", **TRAIN)
    undisturbed = project.copy(tmp_path / "undisturbed")
    moments = (IN_TRAINING, IN_TRAINING, start_of("sample"))
    assert len(kill_and_resume(project, undisturbed, moments, random_seed=0)) == len(moments)
    (training,) = project.runs("training")  # adopted, not started a second time
    assert training.info.status == "FINISHED"
