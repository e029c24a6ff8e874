"""One training by the workers of a Ray cluster: the bytes of one process, also after the kill of a worker."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from tests.support.killing import processes_in, started
from tests.support.project import Project

TRAIN = {"shards": 4, "epochs": 6, "units": 32, "batch_size": 30}


def wait_for_epoch(project: Project, epoch: int) -> None:
    """Wait until the checkpoint of an epoch is whole."""
    give_up = time.monotonic() + 600
    while not list(project.path.glob(f"models/.resume/**/{epoch:03d}.json")):
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_on_ray_a_training_has_the_bytes_of_one_process(cluster: Any, project: Project, tmp_path: Path) -> None:
    project.set_params("train", **TRAIN)
    alone, shared = project, project.copy(tmp_path / "shared")
    alone.run("dvc", "repro", "train")
    process = started(shared, "dvc", "repro", "train", ZARATHUSTRA_NUM_WORKERS="2", RAY_ADDRESS=cluster.address)
    wait_for_epoch(shared, 2)
    workers = processes_in(shared, lambda words: words[0].startswith("ray::"))
    os.kill(workers[-1], signal.SIGKILL)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert len(workers) == 2
    assert shared.locked_training() == alone.locked_training() != {}
    assert "Resuming at epoch" in output
    assert [run.info.status for run in shared.runs("training")] == ["FINISHED"]
