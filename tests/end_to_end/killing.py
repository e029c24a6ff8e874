"""Kill `dvc repro` at random moments, run it again, and compare with a run that nobody disturbed."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterable

from tests.project import Project, environment

# long enough to be hit within an epoch, within validation, while a checkpoint is written
TRAIN = {"epochs": 12, "units": 32}
# what the output says just before the moment, and the longest pause from there, in seconds
Moment = tuple[str, float]
IN_TRAINING: Moment = ("epoch ", 1.0)


def start_of(stage: str) -> Moment:
    """Return a moment soon after a stage began; it takes a second to import what it needs."""
    return (f"Running stage '{stage}'", 2.0)


def kill_and_resume(project: Project, undisturbed: Project, moments: Iterable[Moment], random_seed: int) -> list[str]:
    """Return the last line of output before each kill that hit; fail where the bytes differ in the end."""
    pauses = random.Random(random_seed)
    hits = []
    for marker, longest in moments:
        last_line = _killed_after(project, marker, pauses.uniform(0, longest))
        if last_line is not None:
            hits.append(last_line)
    project.run("dvc", "repro")
    undisturbed.run("dvc", "repro")
    killed, whole = project.locked_outputs(), undisturbed.locked_outputs()
    assert {path for path in whole if killed[path] != whole[path]} == set()
    return hits


def _killed_after(project: Project, marker: str, pause: float) -> str | None:
    """Kill the run and all its children some time after a line of its output; None if it was faster."""
    process = subprocess.Popen(
        ["dvc", "repro"],
        cwd=project.path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout:
        found = any(line.startswith(marker) for line in process.stdout)
        if found:
            time.sleep(pause)
        hit = process.poll() is None
        if hit:
            os.killpg(process.pid, signal.SIGKILL)
        lines = process.stdout.read().splitlines()
    process.wait()
    return (lines or [marker])[-1] if hit and found else None
