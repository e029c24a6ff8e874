"""`zarathustra reproduce`: run a logged run again from its commit, and compare the bytes."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from stages.cli.options import require_project
from stages.cli.outputs_compared import compared, fetch_outputs
from stages.cli.patches import file_changes
from stages.cli.runs import find
from stages.cli.work_tree import Code, code_of, restore_parameters, work_tree
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.visible import visible
from stages.core.tracking import git
from stages.core.tracking.connection import TRACKING

SECONDS_TO_END = 10.0  # for a process that was asked to


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = (
        "It takes as long as the run did, in a temporary folder beside the project. The code of the run is executed: "
        "uncommitted changes come from the MLflow store, and whoever can write to it wrote them."
    )
    parser.add_argument("run_name", metavar="RUN", help="id or name of a run, or name of an experiment")
    parser.add_argument("--yes", action="store_true", help="run the code without asking")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run it again; exit with status 1 if any output differs."""
    require_project()
    found = find(arguments.run_name)
    code = code_of(found)
    print("\n".join(description(found.name, code)), flush=True)
    if not arguments.yes:
        confirm(code)
    with ending_cleanly(), tempfile.TemporaryDirectory() as folder, work_tree(found, code) as tree:
        logged = Path(folder)
        fetch_outputs(found, logged)  # reports what is missing before the work, not after it
        if ignored := restore_parameters(tree, found):
            print(visible(f"Ignored, because params.yaml of that commit has no such key: {', '.join(ignored)}."))
        print(f"Running {found.name} again in {tree}", flush=True)
        # outputs that are committed are no reason to skip a stage
        if status_of(["dvc", "repro", "--force", "--no-run-cache"], tree):
            raise UserError(f"{found.name}: it cannot be run again, for the reason above.")
        differing = [output for output, same in compared(tree, found, logged) if not same]
    if differing:
        sys.exit(visible(f"Error: {len(differing)} outputs differ: {', '.join(differing)}."))
    print("Every output has the same bytes.")


def description(name: str, code: Code) -> Iterator[str]:
    """Return lines that say which code would run.

    Raises:
        UserError: the commit is not here, or the patch is damaged.
    """
    yield visible(f"The code of {name}:")
    try:
        shown = git.run("show", "-s", "--format=%an, %as: %s", f"{code.commit}^{{commit}}", "--")
    except git.GitError as error:
        raise UserError(f"{name}: commit {code.commit} is unavailable ({error}).") from None
    yield visible(f"  commit {code.commit[:10]} ({shown.decode('utf-8', 'replace').strip()})")
    if not code.is_certain:
        yield "  uncommitted changes: unknown, git failed when the run began"
    try:
        for change in file_changes(code.patch):
            yield visible(f"  uncommitted, from the store: {change.path} +{change.added} -{change.removed}")
    except git.GitError as error:
        raise UserError(f"{name}: git cannot read its uncommitted.diff ({error}).") from None


def confirm(code: Code) -> None:
    """Ask whether to run it.

    Raises:
        UserError: nobody can answer.
        SystemExit: the answer is no.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("reproduce runs the code above, and nobody can confirm that here. Read it, then add --yes.")
    while True:
        try:
            answer = input("Run this code? y: yes, p: print the changes, any other key: no. ").strip().lower()
        except EOFError:
            answer = ""
        if answer == "y":
            return
        if answer != "p":
            sys.exit("Nothing was run.")
        print(visible(code.patch.decode("utf-8", "replace")) or "There are no uncommitted changes.")


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Leave the block as by an exception on SIGTERM and SIGHUP, so that it cleans up; then ignore further ones."""

    def end(number: int, frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def status_of(command: list[str], folder: Path) -> int:
    """Run a command in a process group of its own, which ends with this block; return its exit status."""
    process = subprocess.Popen(command, cwd=folder, env=_environment(), start_new_session=True)
    try:
        return process.wait()
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started: ask, wait, then kill."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_END)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment() -> dict[str, str]:
    """Return the variables for a run that shares nothing with this project: no store, no root, no cache."""
    kept = {name: value for name, value in git.environment().items() if not name.startswith(("DVC_", "MLFLOW_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return kept | {"PATH": path, "DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true", TRACKING: "off"}
