"""Where the project is, and how a file is written: in full, or not at all."""

import csv
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from stages.core.pipeline.locks import locked

PARTIAL = ".partial."


def project_root() -> Path:
    """Return the folder of the project itself, also from inside a temporary or queued experiment.

    DVC sets DVC_ROOT to the repository that an experiment was started from; its workspace under
    `.dvc/tmp/` vanishes, and with it anything kept there.
    """
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def scratch_root() -> Path:
    """Return the folder of what work needs to resume: beside the outputs, ignored by git and DVC."""
    return project_root() / "models" / ".resume"


def last_used(path: Path) -> float:
    """Return when something in the scratch was last used, in seconds since 1970; 0 if it is gone by now."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process keeps the scratch bounded too
        return 0.0


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a path to write to; rename it to `path` at the end, or remove it if anything goes wrong."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _partial_folder(path.parent) as folder:
            partial = folder / path.name
            yield partial
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            partial.replace(path)
    except OSError as error:
        # a full disk names no file, a copy names two; people know the final name
        names = str(error.filename), str(error.filename2)
        if error.errno is not None and (error.filename is None or any(f"/{PARTIAL}" in f"/{name}" for name in names)):
            error.filename = str(path)
        raise


@contextmanager
def _partial_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder in `parent` that is locked while the block runs, and removed after it."""
    handle = None
    while handle is None:
        folder = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=parent))
        try:
            handle = _lock_folder(folder)
        except OSError:
            handle = os.open(folder, os.O_RDONLY)  # a file system without locks: `remove_abandoned` removes nothing
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def remove_abandoned() -> None:
    """Remove what killed processes were writing; what a living one writes, even in another container, is locked."""
    for root in (Path("data"), Path("reports"), Path("models"), scratch_root()):
        for parent, folders, _ in os.walk(root):
            for folder in (Path(parent, name) for name in folders if name.startswith(PARTIAL)):
                with suppress(OSError):
                    handle = _lock_folder(folder)
                    if handle is not None:
                        shutil.rmtree(folder, ignore_errors=True)
                        os.close(handle)


def _lock_folder(folder: Path) -> int | None:
    """Lock a folder; return its handle, or None if another process has locked or removed it.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if locked(handle) and folder.exists():  # the one who held the lock may have removed it
            return handle
    except OSError:
        os.close(handle)
        raise
    os.close(handle)
    return None


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with LF line ends, whole or not at all."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def require_file(path: Path) -> Path:
    """Return a path; refuse a pipe or a device, which a reader would wait for without end.

    Raises:
        ValueError: `path` is one.
        OSError: there is nothing at `path`.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ValueError("not a file")
    return path


def read_json(path: Path) -> Any:
    """Return what the JSON file at `path` holds."""
    return json.loads(require_file(path).read_text(encoding="utf-8"))


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, as texts."""
    with require_file(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float:
    """Return the number in a cell of a CSV file; an empty cell is NaN."""
    return float(text or "nan")


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of the bytes of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(*parts: bytes | str) -> str:
    """Return the SHA-256 of a sequence of parts, in hexadecimal; each part is length-prefixed."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()
