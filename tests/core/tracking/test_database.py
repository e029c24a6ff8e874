"""The database when something is wrong with it."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stages.core.pipeline.errors import UserError
from stages.core.tracking import database
from tests.support.programs import printed, start


@pytest.fixture
def made(tmp_path: Path, empty_database: Path) -> Path:
    """A database that has not changed for a while."""
    return Path(shutil.copy(empty_database, tmp_path))


def settle(path: Path) -> None:
    os.utime(path, (0, 0))


def message_of(path: Path) -> str:
    settle(path)
    with pytest.raises(UserError) as error:
        database.check(path)
    return str(error.value)


AGAIN = (
    "Move it away; `zarathustra sync` then logs the present outputs again. "
    "`sqlite3 FILE .recover` may save the other runs in it."
)


def test_a_whole_database_is_accepted(made: Path) -> None:
    database.check(made)


def test_garbage_and_a_truncated_file_are_damaged(made: Path) -> None:
    whole = made.read_bytes()
    made.write_bytes(b"not a database, but a text of some length" * 100)
    assert message_of(made) == f"MLflow: {made} is damaged (file is not a database). {AGAIN}"
    made.write_bytes(whole[: len(whole) // 2])
    assert message_of(made).startswith(f"MLflow: {made} is damaged (")


def test_tables_that_a_killed_process_left_unfinished_are_damaged(made: Path) -> None:
    with sqlite3.connect(made) as connection:
        connection.execute("CREATE TABLE _alembic_tmp_experiments (name TEXT)")
    connection.close()
    assert message_of(made) == f"MLflow: {made} is damaged (a process was killed while it made the tables). {AGAIN}"
    made.unlink()
    with sqlite3.connect(made) as connection:
        connection.execute("CREATE TABLE experiments (name TEXT)")
    connection.close()
    assert message_of(made) == f"MLflow: {made} is damaged (its tables are missing). {AGAIN}"


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/null")])
def test_a_pipe_or_a_device_is_no_database_and_stays(make: Callable[[Path], None], tmp_path: Path) -> None:
    """The administrator could replace /dev/null by a database."""
    path = tmp_path / "mlflow.db"
    make(path)
    with pytest.raises(UserError) as error:
        database.create(path, lambda suffix: path.with_name(path.name + suffix).touch())
    assert str(error.value) == f"MLflow: {path} is a pipe or a device, not a database. Correct MLFLOW_TRACKING_URI."
    assert list(tmp_path.iterdir()) == [path] and not path.is_file()


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert message_of(tmp_path) == f"MLflow: {tmp_path} is a folder, not a database. Correct MLFLOW_TRACKING_URI."


def test_a_locked_database_is_told_from_a_damaged_one(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LONGEST_WAIT", 0.1)
    with sqlite3.connect(made) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert message_of(made) == (
            f"MLflow: {made} is locked by another program. Wait until that has ended, or end it; then run again."
        )
    connection.close()


@pytest.fixture
def read_only(tmp_path: Path, empty_database: Path) -> Iterator[Path]:
    """A database on a disk that is mounted read-only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    shutil.copy(empty_database, folder)
    mounted = shutil.which("mount") and not any(
        subprocess.run(["mount", *options, str(folder)], capture_output=True).returncode
        for options in (["--bind", str(folder)], ["-o", "remount,ro,bind"])
    )
    if not mounted:
        pytest.skip("a read-only disk cannot be mounted here")
    yield folder / empty_database.name
    subprocess.run(["umount", str(folder)], check=True)


def test_a_read_only_database_is_one_message(read_only: Path) -> None:
    with pytest.raises(UserError) as error:
        database.check(read_only)
    assert str(error.value) == (
        f"MLflow: {read_only} cannot be written. Change the permissions of the file and of its folder, "
        "or set MLFLOW_TRACKING_URI to another store."
    )


def test_a_database_that_is_being_made_by_another_program_is_waited_for(made: Path) -> None:
    with sqlite3.connect(made) as connection:
        connection.execute("CREATE TABLE _alembic_tmp_experiments (name TEXT)")
    connection.close()
    program = (
        "import sqlite3, time; time.sleep(1); c = sqlite3.connect('mlflow.db');"
        "c.execute('DROP TABLE _alembic_tmp_experiments'); c.commit()"
    )
    process = start(program, made.parent)
    database.check(made)
    printed(process)
