"""`zarathustra reproduce`: a logged run, run again from its commit, and the bytes compared."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.cli.runs import Logged, fetch, find, has
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import project_root, read_rows, sha256_of_file
from stages.core.pipeline.rules import PARAMS_FILE, read_yaml
from stages.core.tracking.run import MAX_PARAM_LENGTH

TRAINING_OUTPUTS = {"history.csv": "reports/history.csv", "models": "models"}
SAMPLING_OUTPUTS = (
    "samples.csv",
    "samples.md",
    "metrics.json",
    "scores.csv",
    "prompt.csv",
    "index.md",
    "index.html",
    "figures",
)


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.epilog = "It takes as long as the run did, in a temporary folder beside the project."
    parser.add_argument("run_name", metavar="RUN", help="id or name of a run, or name of an experiment")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run it again; leave with exit status 1 where any output differs."""
    found = find(arguments.run_name)
    with tempfile.TemporaryDirectory() as folder, work_tree(found) as tree:
        logged = Path(folder)
        fetch_outputs(found, logged)  # what is not there is said before the work, not after it
        restore_parameters(tree, found)
        print(f"Running {found.name} again in {tree}", flush=True)
        # outputs that are committed are no reason to skip a stage
        command = ["dvc", "repro", "--force", "--no-run-cache"]
        if subprocess.run(command, cwd=tree, env=_environment(), check=False).returncode:
            raise UserError(f"{found.name}: it cannot be run again, for the reason above.")
        differing = [output for output, same in compared(tree, found, logged) if not same]
    if differing:
        sys.exit(f"Error: {len(differing)} outputs differ: {', '.join(differing)}.")
    print("Every output has the same bytes.")


@contextmanager
def work_tree(found: Logged) -> Iterator[Path]:
    """Give a folder with the commit of a run and its uncommitted changes. It is beside the project, as paths count."""
    run = found.latest
    commit = run.data.tags.get("mlflow.source.git.commit", "none")
    root = project_root()
    with tempfile.TemporaryDirectory(prefix=".reproduced-", dir=root.parent) as folder:
        tree = Path(folder)
        for command in (
            ["git", "clone", "--quiet", "--no-checkout", str(root), folder],
            ["git", "-C", folder, "checkout", "--quiet", commit],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise UserError(f"{run.info.run_name}: commit {commit} is not to be had ({done.stderr.strip()}).")
        if run.data.tags.get("git.dirty") == "true":
            with tempfile.TemporaryDirectory() as fetched:
                patch = fetch(run, "uncommitted.diff", Path(fetched))
                apply = ["git", "-C", folder, "apply", "--whitespace=nowarn", str(patch)]
                done = subprocess.run(apply, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise UserError(f"{run.info.run_name}: its uncommitted.diff is damaged ({done.stderr.strip()}).")
        yield tree


def fetch_outputs(found: Logged, folder: Path) -> None:
    """Copy the outputs that a run has logged; those of sampling, evaluation and report as far as they were made."""
    for name in TRAINING_OUTPUTS:
        fetch(found.training, name, folder)
    for name in SAMPLING_OUTPUTS if found.sampling else ():
        assert found.sampling is not None
        if has(found.sampling, name):
            fetch(found.sampling, name, folder)


def restore_parameters(tree: Path, found: Logged) -> None:
    """Write the parameters that the runs have logged into params.yaml; the others stay as committed."""
    values = read_yaml(tree / PARAMS_FILE)
    yaml = YAML(typ="safe")
    for run in filter(None, (found.training, found.sampling)):
        for key, text in run.data.params.items():
            section, name = key.split(".", 1)
            if len(text) < MAX_PARAM_LENGTH:  # else its end is missing; the uncommitted changes have it
                values[section][name] = parameter(text, values[section].get(name), yaml)
    with (tree / PARAMS_FILE).open("w", encoding="utf-8") as file:
        yaml.dump(values, file)


def parameter(text: str, committed: Any, yaml: YAML) -> Any:
    """Return the value of a parameter that was logged as a text; what is a text in params.yaml stays one."""
    if isinstance(committed, str):
        return text
    if text == "None":
        return None
    return json.loads(text) if text.startswith(("[", "{")) else yaml.load(text)


def compared(tree: Path, found: Logged, logged: Path) -> Iterator[tuple[str, bool]]:
    """Give each output and whether it has the bytes that were logged; print it."""
    locked = read_yaml(tree / "dvc.lock")["stages"]
    md5 = {out["path"]: out["md5"] for stage in locked.values() for out in stage["outs"]}
    for tag, recorded in sorted(found.training.data.tags.items()):
        if tag.startswith("dvc.lock/"):
            path = tag.removeprefix("dvc.lock/")
            yield _said(path, md5.get(path) == recorded)
    for name, path in (TRAINING_OUTPUTS | {name: f"reports/{name}" for name in SAMPLING_OUTPUTS}).items():
        if (logged / name).exists():
            yield from _files(logged / name, tree / path, path)


def _files(logged: Path, made: Path, label: str) -> Iterator[tuple[str, bool]]:
    """Give every file under `logged`, or `logged` itself."""
    for file in sorted(p for p in [logged, *logged.rglob("*")] if p.is_file()):
        name = file.relative_to(logged).as_posix()
        path, other = (label, made) if file == logged else (f"{label}/{name}", made / name)
        same = other.exists() and sha256_of_file(file) == sha256_of_file(other)
        yield _said(path, same, "" if same else first_difference(file, other))


def first_difference(logged: Path, made: Path) -> str:
    """Return in words where two tables part; nothing for other files."""
    if not made.exists():
        return ": it is missing"
    if logged.suffix != ".csv":
        return ""
    old, new = read_rows(logged), read_rows(made)
    if len(old) != len(new):
        return f": {len(old)} rows were logged, {len(new)} were made"
    for before, after in zip(old, new, strict=True):
        for column in before:
            if before[column] != after.get(column):
                epoch = f"epoch {before['epoch']}, " if "epoch" in before else ""
                return f", first at {epoch}{column}: {before[column]!r} was logged, {after.get(column)!r} was made"
    return ": only in how it is written"


def _said(path: str, same: bool, where: str = "") -> tuple[str, bool]:
    print(f"{'same   ' if same else 'DIFFERS'}  {path}{where}", flush=True)
    return path, same


def _environment() -> dict[str, Any]:
    """Return the variables for a run that shares nothing with this project: no store, no root, no cache."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "MLFLOW_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return kept | {"PATH": path, "DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
