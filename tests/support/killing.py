"""Kill `dvc repro` at random moments, run it again, and compare with a run that nobody disturbed."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.support.project import Project, environment
from tests.support.reruns import ORDER

# long enough to be hit within an epoch, within validation, while a checkpoint is written
TRAIN = {"epochs": 12, "units": 32}
# what a line of output starts with just before the moment, and the longest pause from there, in seconds
Moment = tuple[tuple[str, ...], float]


def start_of(stage: str, longest_pause: float = 2.0) -> Moment:
    """Return a moment soon after a stage began, or a later one; it takes a second to import what it needs."""
    return tuple(f"Running stage '{name}'" for name in ORDER[ORDER.index(stage) :]), longest_pause


IN_TRAINING: Moment = ("epoch ", *start_of("sample")[0]), 1.0


def kill_and_resume(project: Project, undisturbed: Project, moments: Iterable[Moment], random_seed: int) -> list[str]:
    """Return the last line of output before each kill that hit; fail where the bytes differ in the end."""
    pauses = random.Random(random_seed)
    hits = []
    for markers, longest in moments:
        _remove_empty_lock(project)
        last_line = _killed_after(project, markers, pauses.uniform(0, longest))
        if last_line is not None:
            hits.append(last_line)
    _remove_empty_lock(project)
    project.run("dvc", "repro")
    undisturbed.run("dvc", "repro")
    killed, whole = project.locked_outputs(), undisturbed.locked_outputs()
    assert {path for path in whole if killed[path] != whole[path]} == set()
    return hits


def _remove_empty_lock(project: Project) -> None:
    """Do what `make repro` does where the kill hit DVC as it wrote its own file."""
    lock = project.path / ".dvc" / "tmp" / "rwlock"
    if lock.exists() and not lock.stat().st_size:
        lock.unlink()


def _killed_after(project: Project, markers: tuple[str, ...], pause: float) -> str | None:
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
        last_line = next((line for line in process.stdout if line.startswith(markers)), None)
        if last_line is not None:
            time.sleep(pause)
        hit = process.poll() is None
        if hit:
            os.killpg(process.pid, signal.SIGKILL)
        later_lines = process.stdout.read().splitlines()
    process.wait()
    return (later_lines or [last_line])[-1] if hit and last_line else None


def started(project: Project, *command: str, **variables: str) -> "subprocess.Popen[str]":
    """Start a command in the folder of the project, in a process group of its own."""
    return subprocess.Popen(
        command,
        cwd=project.path,
        env=environment() | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes_in(project: Project, is_wanted: Callable[[list[str]], bool]) -> list[int]:
    """Return the processes whose current folder is that of the project and whose command line is wanted."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text(errors="replace").split("\0")
            if (folder / "cwd").readlink() == project.path and is_wanted(words):
                found.append(int(folder.name))
        except OSError:  # it has ended
            continue
    return sorted(found)


def read_until(process: "subprocess.Popen[str]", start: str) -> str:
    """Return what it prints, up to the line that begins so."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(start):
            return "".join(lines)
    raise AssertionError("".join(lines))
