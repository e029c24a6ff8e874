"""What the points of a sweep have in common, asked of git and DVC before the first of them begins."""

import configparser
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from stages.cli.patches import file_changes
from stages.cli.sweep_point import ref
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.secrets import masked
from stages.core.tracking import git
from stages.core.tracking.store import tracking_uri


def require_commit() -> str:
    """Return the commit that all points start from.

    Raises:
        UserError: there is none, or the project differs from it.
    """
    commit = git.commit()
    if commit is None:
        raise UserError("A sweep runs a commit, and this folder has none. Run `git init`, `git add .`, `git commit`.")
    patch = git.difference()
    if patch is None or patch:
        changed = ", ".join(change.path for change in file_changes(patch or b"")) or "git cannot tell how"
        raise UserError(f"A sweep runs the commit, and the project differs from it: {changed}. Commit that first.")
    return commit


def on_this_machine(commit: str) -> dict[str, Any]:
    """Return what is the same for all points that run here: clones of this repository, which share DVC's cache."""
    top = Path(os.fsdecode(_git("rev-parse", "--show-toplevel").rstrip(b"\n")))
    # beside the project, as relative paths in params.yaml count from there
    return _common(commit) | {"repository": str(top), "clones": str(top.parent), "cache": dvc("cache", "dir").strip()}


def on_many_machines(commit: str, remote: str, num_threads: int) -> dict[str, Any]:
    """Return what is the same for all points that run elsewhere: clones of a repository that all machines reach.

    Raises:
        UserError: the commit is not there, no DVC remote is set, or runs would go to a store beside each clone.
    """
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        raise UserError("--ray needs MLFLOW_TRACKING_URI, the server to which all machines log. `make server` is one.")
    repository = os.fsdecode(_git("remote", "get-url", remote).rstrip(b"\n"))
    if not _git("for-each-ref", "--contains", commit, f"refs/remotes/{remote}/"):
        raise UserError(f"{remote}: does not have the commit {commit[:10]}. Run `git push {remote}` first.")
    config = configparser.ConfigParser(strict=False, interpolation=None)
    lines = _git("show", f"{commit}:./.dvc/config").decode("utf-8", "replace").splitlines()
    config.read_string("\n".join(line.strip() for line in lines))
    if not config.has_option("core", "remote"):
        raise UserError(
            "DVC has no default remote, by which outputs come back. Run `dvc remote add --default NAME URL`, "
            "`git commit .dvc/config`, `git push`, `dvc push`."
        )
    common = _common(commit)
    common["variables"]["ZARATHUSTRA_NUM_THREADS"] = str(num_threads)
    return common | {"repository": repository}


def experiments(repository: str, commit: str) -> dict[str, str]:
    """Return the experiments that begin at a commit, by name, each with its own commit."""
    listed = _git("ls-remote", repository, ref(commit)).decode("utf-8", "replace").splitlines()
    return {line.rpartition("/")[2]: line.partition("\t")[0] for line in listed}


def dvc(*arguments: str) -> str:
    """Return what a DVC command prints.

    Raises:
        UserError: it fails.
    """
    command = [sys.executable, "-m", "dvc", *arguments]
    variables = git.environment() | {"DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, errors="replace")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it failed"])[0].removeprefix("ERROR: ")
        raise UserError(masked(f"dvc {' '.join(arguments)}: {last}"))
    return done.stdout


def _common(commit: str) -> dict[str, Any]:
    store = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW_")}
    me = {key: _setting(f"user.{key}") or f"{os.environ.get('USER', 'sweep')}@localhost" for key in ("name", "email")}
    identity = {f"GIT_{role}_{key.upper()}": value for role in ("AUTHOR", "COMMITTER") for key, value in me.items()}
    variables = store | identity | {"MLFLOW_TRACKING_URI": tracking_uri()}
    return {"commit": commit, "folder": git.folder(), "variables": variables}


def _setting(key: str) -> str:
    try:
        return git.run("config", key).decode("utf-8", "replace").strip()
    except git.GitError:
        return ""


def _git(*arguments: str) -> bytes:
    try:
        return git.run(*arguments)
    except git.GitError as error:
        raise UserError(f"git {' '.join(arguments[:2])}: {error}.") from None
