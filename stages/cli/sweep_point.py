"""One point of a sweep, on whatever machine: clone the commit, run the experiment in the clone, push it back.

Nothing of the project is imported: Ray sends this module to its machines as it is. The clone is kept until the
experiment is pushed, so a point that was killed and starts again on the same machine resumes at its last whole epoch.
"""

import fcntl
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SHOWN_LINES = 15  # of the output of a point that failed
RUNNING: set["subprocess.Popen[bytes]"] = set()  # programs of the points of this process


@dataclass(frozen=True, kw_only=True)
class Point:
    """An experiment, and where it comes from and goes to."""

    name: str  # of the experiment
    overrides: tuple[str, ...]  # such as train.epochs=3
    repository: str  # path or URL, for git
    commit: str
    folder: str  # of the project in the repository
    clones: str | None = None  # where the clone goes; None: into the folder for temporary files
    cache: str | None = None  # of DVC, where all points run on one machine; None: data go through DVC's remote
    variables: dict[str, str]  # of the environment


def ref(commit: str, name: str = "*") -> str:
    """Return the name in git of an experiment of DVC that begins at a commit."""
    return f"refs/exps/{commit[:2]}/{commit[2:]}/{name}"


def run(point: Point) -> str:
    """Run one point and push it, unless that was done before; return what went wrong, nothing if all is well."""
    parent = Path(point.clones or Path(tempfile.gettempdir()) / f"zarathustra-sweep-{os.getuid()}")
    parent.mkdir(mode=0o700, exist_ok=True)
    clone = parent / f".sweep-{point.commit[:12]}-{point.name}"
    log = clone.with_name(f"{clone.name}.log")
    with log.open("a+", encoding="utf-8", errors="replace") as output:
        # the programs below inherit the lock: where only the sweep was killed, a second one waits for them
        fcntl.flock(output, fcntl.LOCK_EX)
        try:
            _run(point, clone, output.fileno())
        except (subprocess.CalledProcessError, OSError) as error:
            last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN_LINES:]
            return "\n".join([*last, f"{error} Its clone is kept on {platform.node()}: {clone}"])
        log.unlink()
    shutil.rmtree(clone, ignore_errors=True)
    return ""


def _run(point: Point, clone: Path, output: int) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    variables = os.environ | point.variables | {"PATH": path, "DVC_NO_ANALYTICS": "1"}
    wanted = ref(point.commit, point.name)

    def call(*command: str, cwd: Path = clone / point.folder) -> None:
        process = subprocess.Popen(
            command, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            pass_fds=[output], start_new_session=True,
        )  # fmt: skip
        RUNNING.add(process)
        try:
            if status := process.wait():
                raise subprocess.CalledProcessError(status, command)
        finally:
            RUNNING.discard(process)

    def has_experiment(repository: str) -> bool:
        listed = ["git", "ls-remote", repository, wanted]
        return bool(subprocess.run(listed, cwd=clone.parent, env=variables, stdout=subprocess.PIPE, check=True).stdout)

    if has_experiment(point.repository):
        return
    if not clone.exists():
        new = clone.with_name(f"{clone.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        options = ("--quiet", "--no-checkout", "--origin", "origin")  # whatever name git's settings give
        call("git", "clone", *options, point.repository, str(new), cwd=clone.parent)
        call("git", "checkout", "--quiet", "--detach", point.commit, cwd=new)
        new.rename(clone)
    if not has_experiment(str(clone)):
        if point.cache:
            call("dvc", "cache", "dir", "--local", point.cache)
        call("dvc", "checkout" if point.cache else "pull", "--allow-missing", "--force")
        call("dvc", "exp", "run", "-n", point.name, *(word for each in point.overrides for word in ("-S", each)))
    call("dvc", "exp", "push", *(["--no-cache"] if point.cache else []), "origin", point.name)


def stop() -> None:
    """Ask the programs of all points of this process to end, with all that they started."""
    for process in list(RUNNING):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
