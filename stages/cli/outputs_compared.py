"""The outputs that a run has logged, compared byte by byte with those of running it again."""

import csv
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stages.cli.runs import Logged, fetch, has
from stages.core.pipeline.files import read_rows, sha256_of_file
from stages.core.pipeline.rules import read_yaml
from stages.core.pipeline.visible import visible
from stages.core.tracking.outputs import OUTPUTS, SAMPLING_STAGES, Folders
from stages.core.tracking.store import Run

FOLDERS = Folders()
TRAINING_OUTPUTS = {output.artifact: str(output.path(FOLDERS)) for output in OUTPUTS["train"]}
SAMPLING_OUTPUTS = {
    output.artifact: str(output.path(FOLDERS)) for stage in SAMPLING_STAGES for output in OUTPUTS[stage]
}


def fetch_outputs(found: Logged, folder: Path) -> None:
    """Copy the outputs that a run has logged; those of sampling, evaluation and report as far as they exist."""
    for name in TRAINING_OUTPUTS:
        _fetch_as(found.training, name, folder / name)
    for name in SAMPLING_OUTPUTS if found.sampling else ():
        assert found.sampling is not None
        if has(found.sampling, name):
            _fetch_as(found.sampling, name, folder / name)


def _fetch_as(run: Run, name: str, path: Path) -> None:
    """Copy an artifact to `path`; MLflow itself drops the folders of a single file's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.move(fetch(run, name, Path(folder)), path)


def compared(tree: Path, found: Logged, logged: Path) -> Iterator[tuple[str, bool]]:
    """Yield each output and whether it has the bytes that were logged; print it.

    Args:
        tree: the folder in which the run was run again.
        found: the run.
        logged: the folder to which `fetch_outputs` copied its outputs.
    """
    locked = read_yaml(tree / "dvc.lock")["stages"]
    md5 = {out["path"]: out["md5"] for stage in locked.values() for out in stage.get("outs", [])}
    for tag, recorded in sorted(found.training.data.tags.items()):
        if tag.startswith("dvc.lock/"):
            path = tag.removeprefix("dvc.lock/")
            yield _said(path, md5.get(path) == recorded)
    for name, path in (TRAINING_OUTPUTS | SAMPLING_OUTPUTS).items():
        if (logged / name).exists():
            yield from _files(logged / name, tree / path, path)


def _files(logged: Path, made: Path, label: str) -> Iterator[tuple[str, bool]]:
    """Yield every file under `logged`, or `logged` itself."""
    for file in sorted(p for p in [logged, *logged.rglob("*")] if p.is_file()):
        name = file.relative_to(logged).as_posix()
        path, other = (label, made) if file == logged else (f"{label}/{name}", made / name)
        same = other.is_file() and sha256_of_file(file) == sha256_of_file(other)
        yield _said(path, same, "" if same else first_difference(file, other))


def first_difference(logged: Path, made: Path) -> str:
    """Return in words where two tables first differ; nothing for other files."""
    if not made.exists():
        return ": it is missing"
    if logged.suffix != ".csv":
        return ""
    try:
        old, new = read_rows(logged), read_rows(made)
    except (ValueError, csv.Error):
        return ": not a table any more"
    if len(old) != len(new):
        return f": {len(old)} rows logged, {len(new)} rows now"
    for before, after in zip(old, new, strict=True):
        for column in before:
            if before[column] != after.get(column):
                epoch = f"epoch {before['epoch']}, " if "epoch" in before else ""
                return f", first at {epoch}{column}: {before[column]!r} logged, {after.get(column)!r} now"
    return ": the same values, written differently"


def _said(path: str, same: bool, where: str = "") -> tuple[str, bool]:
    print(visible(f"{'same   ' if same else 'DIFFERS'}  {path}{where}"), flush=True)
    return path, same
