"""One training by several processes: the bytes of one, also after a kill, and with another number of them after it."""

import os
import signal
import time
from pathlib import Path

from stages.core.training.launch import NUM_WORKERS_VARIABLE, WORKER
from tests.support.killing import processes_in, read_until, started
from tests.support.project import Project

TRAIN = {"shards": 4, "epochs": 8, "units": 32, "batch_size": 30}
LOST = "Error: One of the 2 workers of the training has ended, or does not answer: "


def workers_in(project: Project) -> list[int]:
    """The processes that are workers but not the first."""
    return processes_in(project, lambda words: WORKER in words)


def test_one_two_and_four_workers_and_two_kills_give_the_same_bytes(project: Project, tmp_path: Path) -> None:
    project.set_params("train", **TRAIN)
    alone, killed = project, project.copy(tmp_path / "killed")
    alone.run("dvc", "repro", "train")

    # kill -9 for everybody
    process = started(killed, "dvc", "repro", "train", ZARATHUSTRA_NUM_WORKERS="2")
    read_until(process, "epoch   2 ")
    (worker,) = workers_in(killed)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    # kill -9 for one worker: the first one notices, says so, ends
    process = started(killed, "dvc", "repro", "train", ZARATHUSTRA_NUM_WORKERS="2")
    assert "Resuming at epoch 3." in read_until(process, "epoch   4 ")
    (worker,) = workers_in(killed)
    os.kill(worker, signal.SIGKILL)
    output, _ = process.communicate()
    assert LOST in output and process.returncode != 0
    # on with more
    output = killed.run("dvc", "repro", "train", ZARATHUSTRA_NUM_WORKERS="4")
    assert "Resuming at epoch " in output
    assert killed.locked_training() == alone.locked_training() != {}
    assert workers_in(killed) == []


def test_workers_end_with_the_first_one(project: Project) -> None:
    project.set_params("train", **TRAIN | {"epochs": 300})
    process = started(project, "dvc", "repro", "train", ZARATHUSTRA_NUM_WORKERS="2")
    read_until(process, "epoch   1 ")
    (worker,) = workers_in(project)
    process.send_signal(signal.SIGKILL)  # DVC alone; the stage it runs goes on until then
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    for _ in range(100):
        if not workers_in(project):
            return
        time.sleep(0.1)
    raise AssertionError(f"worker {worker} is still there")


def test_more_workers_than_shards_are_refused(project: Project) -> None:
    output = project.run("dvc", "repro", "train", status=255, ZARATHUSTRA_NUM_WORKERS="2")
    assert (
        f"Error: {NUM_WORKERS_VARIABLE} must be a power of two from 1 to train.shards, which is 1 in params.yaml. "
        "Received: '2'. Change one of them."
    ) in output
