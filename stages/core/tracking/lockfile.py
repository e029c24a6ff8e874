"""dvc.lock: what each stage read and wrote, and whether the files here are still the same."""

import hashlib
import json
from pathlib import Path
from typing import Any

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.rules import PARAMS_FILE, read_yaml

LOCK_FILE = Path("dvc.lock")
CODE = ("stages", "data/code/")  # says which code ran, not whose files these are


def locked(stage: str) -> dict[str, Any]:
    """Return what dvc.lock says of a stage; nothing if the stage has not run.

    Raises:
        UserError: dvc.lock is damaged.
    """
    if not LOCK_FILE.exists():
        return {}
    content = read_yaml(LOCK_FILE)
    if content is None:
        return {}
    stages = content.get("stages") if isinstance(content, dict) else None
    if not isinstance(stages, dict) or not all(_is_entry(entry) for entry in stages.values()):
        raise UserError(f"{LOCK_FILE}: damaged (no stages with deps and outs). Run `git checkout {LOCK_FILE}`.")
    found: dict[str, Any] = stages.get(stage, {})
    return found


def parameters_of(stage: str) -> Any:
    """Return the section of params.yaml that the outputs of a stage were made with; the present one if unknown."""
    recorded = locked(stage).get("params", {}).get(str(PARAMS_FILE), {})
    return recorded[stage] if stage in recorded else read_yaml(PARAMS_FILE)[stage]


def foreign_files(stage: str) -> list[str]:
    """Return the inputs and outputs of a stage that are missing, or are not those that dvc.lock records."""
    entries = [entry for part in ("deps", "outs") for entry in locked(stage).get(part, [])]
    return [
        entry["path"]
        for entry in entries
        if not entry["path"].startswith(CODE) and md5_of(Path(entry["path"])) != entry["md5"]
    ]


def md5_of(path: Path) -> str | None:
    """Return the hash that DVC records for a file or folder; None if it is missing.

    That of a folder is the hash of the list of its files, as JSON.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        listed = [{"md5": md5_of(file), "relpath": file.relative_to(path).as_posix()} for file in files]
        listed.sort(key=lambda entry: str(entry["relpath"]))
        return hashlib.md5(json.dumps(listed, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    listed = [item for part in ("deps", "outs") for item in (entry.get(part) or [])]
    return isinstance(entry.get("params", {}), dict) and all(
        isinstance(item, dict) and isinstance(item.get("path"), str) and isinstance(item.get("md5", ""), str)
        for item in listed
    )
