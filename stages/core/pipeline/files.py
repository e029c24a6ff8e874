"""Where the project is, and how a file is written: beside its final name, then renamed, or not at all."""

import csv
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def project_root() -> Path:
    """Return the folder of the project itself, also from inside a temporary or queued experiment.

    DVC sets DVC_ROOT to the repository that an experiment was started from; its workspace under
    `.dvc/tmp/` vanishes, and with it anything kept there.
    """
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def scratch_root() -> Path:
    """Return the folder of what lets work go on where it ended: beside the outputs, ignored by git and DVC."""
    return project_root() / "models" / ".resume"


def last_used(path: Path) -> float:
    """Return when something in the scratch was last used, in seconds since 1970; 0 where it is gone by now."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process keeps the scratch bounded too
        return 0.0


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path to write to; rename it to `path` at the end, or remove it if anything goes wrong."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # the end of the name stays: some writers look at it
    partial = path.with_name(f".{os.getpid()}.partial.{path.name}")
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        # a full disk names no file, a copy names two; the name that a person knows is the final one
        names = str(error.filename), str(error.filename2)
        if error.errno is not None and (error.filename is None or str(partial) in names):
            error.filename = str(path)
        raise
    finally:
        if partial.exists():  # a read-only disk refuses to remove even what is not there
            partial.unlink()


def remove_abandoned() -> None:
    """Remove what killed processes were writing: `written_whole` could not."""
    for folder in (Path("data"), Path("reports"), Path("models"), scratch_root()):
        for partial in folder.rglob(".*.partial.*"):
            process_id = partial.name.split(".")[1]
            if process_id.isdecimal() and not _is_running(int(process_id)):
                partial.unlink(missing_ok=True)


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)  # sends nothing
    except (ProcessLookupError, OverflowError):  # gone; none at all
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with LF line ends, whole or not at all."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Return what the JSON file at `path` holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, as texts."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float:
    """Return the number in a cell of a CSV file; an empty cell is NaN."""
    return float(text or "nan")


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of the bytes of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(*parts: bytes | str) -> str:
    """Return the SHA-256 of a sequence of parts, in hexadecimal; where one part ends is part of it."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()
