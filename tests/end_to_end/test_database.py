"""The database at its first use, in folders of any name, and after a move: real MLflow in processes of its own."""

import shutil
import time
from pathlib import Path

import pytest

from tests.support.programs import printed, start

CREATE_RUN = (
    "from stages.core.tracking.store import experiment_id, open_store; store = open_store();"
    "print(store.create_run(experiment_id(store)).info.run_id)"
)
COUNT_RUNS = (
    "from stages.core.tracking.store import experiment_id, open_store; store = open_store();"
    "print(len(store.search_runs([experiment_id(store)])))"
)


def test_of_two_processes_on_no_database_none_loses_its_run(tmp_path: Path) -> None:
    for process in [start(CREATE_RUN, tmp_path) for _ in range(2)]:
        printed(process)
    assert printed(start(COUNT_RUNS, tmp_path)).strip() == "2"
    assert not list(tmp_path.glob("mlflow.db.new*"))


def test_a_kill_at_the_first_use_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    process = start(CREATE_RUN, tmp_path)
    while not (tmp_path / "mlflow.db.new").exists():
        assert process.poll() is None
        time.sleep(0.002)
    time.sleep(0.3)
    process.kill()
    process.communicate()
    assert not (tmp_path / "mlflow.db").exists()
    printed(start(CREATE_RUN, tmp_path))
    assert printed(start(COUNT_RUNS, tmp_path)).strip() == "1"


@pytest.mark.parametrize("name", ["what?", "a%20b#ü"])
def test_a_database_is_in_its_project_whatever_the_folder_is_called(
    name: str, tmp_path: Path, empty_database: Path
) -> None:
    workspace = tmp_path / name / ".dvc" / "tmp" / "exps" / "tmp1"
    workspace.mkdir(parents=True)
    shutil.copyfile(empty_database, tmp_path / name / "mlflow.db")
    log = CREATE_RUN.replace("print", "run_id = ") + "; store.log_text(run_id, 'text', 'a b/c.txt')"
    printed(start(log, workspace, DVC_ROOT=str(tmp_path / name)))
    assert printed(start(COUNT_RUNS, tmp_path / name)).strip() == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == [".dvc", "mlflow.db", "mlruns"]
    assert list(workspace.iterdir()) == []
    assert len(list((tmp_path / name / "mlruns").rglob("artifacts/a b/c.txt"))) == 1


def test_locations_follow_a_moved_project(tmp_path: Path, empty_database: Path) -> None:
    old, new = tmp_path / "old name", tmp_path / "new#name"
    old.mkdir()
    shutil.copyfile(empty_database, old / "mlflow.db")
    log = CREATE_RUN.replace("print", "run_id = ") + "; store.log_text(run_id, 'text', 'c.txt'); print(run_id)"
    run_id = printed(start(log, old)).strip()
    old.rename(new)
    read = (
        "from stages.core.tracking.store import open_store; store = open_store();"
        f"path = store.download_artifacts('{run_id}', 'c.txt'); store.log_text('{run_id}', 'more', 'd.txt');"
        "print(open(path).read())"
    )
    assert printed(start(read, new)).strip() == "text"
    assert not old.exists()
    assert (new / "mlruns" / run_id / "artifacts" / "d.txt").read_text(encoding="utf-8") == "more"
