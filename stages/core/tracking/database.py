"""The file of an SQLite database: made in one piece, checked before use, at home in the project's present folder."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.locks import exclusive

LONGEST_WAIT = 20  # seconds for a database that another program has locked, as MLflow waits
SETTLED = 5  # seconds without a change after which nobody is creating the database any more
MAX_BYTES_CHECKED = 50_000_000  # a whole check takes milliseconds up to this size
AGAIN = (
    "Move it away; `zarathustra sync` then logs the present outputs again. "
    "`sqlite3 FILE .recover` may save the other runs in it."
)
NEW = ".new"  # suffix of a database that is being made
PARTS = ("", "-journal", "-wal", "-shm")
# where MLflow keeps locations of files
LOCATIONS = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}


def exists(path: Path) -> bool:
    """Tell whether the file is there and was begun.

    Raises:
        UserError: it is a pipe or a device, which a new database would replace.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise UserError(f"MLflow: {path} is a pipe or a device, not a database. Correct MLFLOW_TRACKING_URI.")
    return path.exists() and (path.is_dir() or path.stat().st_size > 0)


def create(path: Path, fill: Callable[[str], object]) -> None:
    """Make a database under a temporary name and rename it when it is whole; several processes may ask at once.

    Args:
        path: of the database.
        fill: makes its tables, in the file of this name with the given suffix.
    """
    if exists(path):
        return
    with _locked(path):
        if exists(path):  # another process was faster
            return
        new = path.with_name(f"{path.name}{NEW}")
        for part in PARTS:  # of a process that was killed here
            Path(f"{new}{part}").unlink(missing_ok=True)
        fill(NEW)
        with closing(sqlite3.connect(new)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(path)


def check(path: Path) -> None:
    """Refuse a database that MLflow cannot use, in one message.

    Raises:
        UserError: it is damaged, locked, or of another user.
    """
    if path.is_dir():
        raise UserError(f"MLflow: {path} is a folder, not a database. Correct MLFLOW_TRACKING_URI.")
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK):
        raise UserError(
            f"MLflow: {path} cannot be written. Change the permissions of the file and of its folder, "
            "or set MLFLOW_TRACKING_URI to another store."
        )
    try:
        while problem := _problem(path):
            if time.time() - path.stat().st_mtime > SETTLED:  # else somebody may be creating it at this moment
                raise UserError(f"MLflow: {path} is damaged ({problem}). {AGAIN}")
            time.sleep(0.2)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise UserError(
                f"MLflow: {path} is locked by another program. Wait until that has ended, or end it; then run again."
            ) from None
        raise UserError(f"MLflow: {path} cannot be opened ({error}). Check its permissions and the disk.") from None
    except sqlite3.DatabaseError as error:
        raise UserError(f"MLflow: {path} is damaged ({error}). {AGAIN}") from None


def follow_project(path: Path, artifact_root: str) -> None:
    """Point every location to the folder in which the project is now; it may have been moved, or copied.

    Args:
        path: of the database, which is in the project's folder.
        artifact_root: URI of the folder of all files of runs, as of now.
    """
    suffix = f"/{artifact_root.rpartition('/')[2]}"
    find = "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE 'file:%' || ?"
    with _opened(path) as connection:
        before = [root for (root,) in connection.execute(find, (suffix,)) if root != artifact_root]
    if not before:
        return
    with _locked(path), _opened(path) as connection, connection:
        for root in before:
            for table, columns in LOCATIONS.items():
                for column in columns:
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                        f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                        (artifact_root, len(root) + 1, root, len(root) + 1, f"{root}/"),
                    )


def _problem(path: Path) -> str | None:
    """Return what is wrong with the tables; None if nothing is."""
    with _opened(path) as connection:
        if path.stat().st_size <= MAX_BYTES_CHECKED:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                return str(found).splitlines()[-1]
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if any(name.startswith("_alembic_tmp_") for name in tables):
            return "a process was killed while it made the tables"
        if "alembic_version" not in tables or not {"experiments", "runs"} <= tables:
            return "its tables are missing"
        return None


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=LONGEST_WAIT)) as connection:
        yield connection


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with exclusive(path.with_name(f"{path.name}.lock")):
        yield
