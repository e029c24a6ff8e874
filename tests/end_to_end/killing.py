"""Kill `dvc repro` at random moments, run it again, and compare with a run that nobody disturbed."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

from tests.project import Project, environment

# long enough to be hit within an epoch, within validation, while a checkpoint or a sample is written
TRAIN = {"epochs": 12, "units": 32}


def kill_and_resume(project: Project, undisturbed: Project, num_kills: int, random_seed: int) -> list[str]:
    """Return what was in the scratch at each kill; fail where the bytes differ in the end."""
    moments = random.Random(random_seed)
    killed_at: list[str] = []
    for each in (project, undisturbed):
        each.set_params("train", **TRAIN)
    while len(killed_at) < num_kills:
        process = subprocess.Popen(
            ["dvc", "repro"],
            cwd=project.path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _wait_for_progress(project.path / "models" / ".resume", process)
        time.sleep(moments.uniform(0, 1.0))
        assert process.poll() is None, "the run ended before it was killed: make it longer"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        killed_at.append(_newest(project.path / "models" / ".resume"))
    project.run("dvc", "repro")
    undisturbed.run("dvc", "repro")
    killed, whole = project.locked_outputs(), undisturbed.locked_outputs()
    assert {path for path in whole if killed[path] != whole[path]} == set()
    return killed_at


def _wait_for_progress(scratch: Path, process: "subprocess.Popen[bytes]") -> None:
    """Wait until something new stands in the scratch."""
    before = _files(scratch)
    while process.poll() is None and _files(scratch) == before:
        time.sleep(0.01)


def _files(folder: Path) -> set[str]:
    return {str(p) for p in folder.rglob("*")} if folder.exists() else set()


def _newest(folder: Path) -> str:
    return max(_files(folder), default="")
