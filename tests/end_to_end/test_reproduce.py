"""`zarathustra reproduce`: what it would run, whether it may, and what it leaves behind."""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mlflow
import pytest

from tests.support.project import ROOT, Project, Zarathustra, environment, stages_that_ran
from tests.support.reruns import ORDER

MAKE = """import os, pathlib, sys, time
reports, epochs = pathlib.Path("reports"), pathlib.Path("models/epochs")
reports.mkdir(exist_ok=True); epochs.mkdir(parents=True, exist_ok=True)
(reports / "history.csv").write_text(f"epoch,val_loss_nats_per_char\\n1,{VALUE}\\n")
pathlib.Path("models/network.json").write_text("{}")
(epochs / "001.weights.h5").write_bytes(b"w" * VALUE)
print("GIT" if any(name.startswith("GIT_") for name in os.environ) else "no GIT")
time.sleep(SECONDS)
"""
PIPELINE = """stages:
  train:
    cmd: python make.py
    deps: [make.py]
    outs: [models/epochs, models/network.json]
    plots: [reports/history.csv: {cache: false}]
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Project:
    """A project of one stage that takes no time, with a run of uncommitted code in its store."""
    project = Project(tmp_path_factory.mktemp("tiny") / "a project")
    (project.path / ".dvc").mkdir(parents=True)
    write(project, "make.py", MAKE.replace("VALUE", "1").replace("SECONDS", "0"))
    write(project, "dvc.yaml", PIPELINE)
    write(project, ".gitignore", "/mlflow.db\n/mlruns\n/models\n/reports\n__pycache__\n")
    for name in ("params.yaml", ".dvc/config"):
        shutil.copyfile(ROOT / name, project.path / name)
    shutil.copyfile(empty_database, project.path / "mlflow.db")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "A tiny project"]):
        project.run("git", *command)
    log(project, "same", "2", "0")
    log(project, "other", "3", "0", logged="4")
    log(project, "endless", "2", "600")
    return project


def write(project: Project, name: str, content: str) -> None:
    (project.path / name).write_text(content, encoding="utf-8")


def log(project: Project, name: str, value: str, seconds: str, logged: str | None = None) -> None:
    """Log a run of uncommitted code."""
    store = mlflow.MlflowClient(f"sqlite:///{quote(str(project.path / 'mlflow.db'))}")
    experiment = store.get_experiment_by_name("zarathustra")
    artifacts = (project.path / "mlruns").as_uri()
    id_ = experiment.experiment_id if experiment else store.create_experiment("zarathustra", artifacts)
    write(project, "make.py", MAKE.replace("VALUE", value).replace("SECONDS", seconds))
    commit = project.run("git", "rev-parse", "HEAD").strip()
    tags = {"kind": "training", "git.dirty": "true", "mlflow.source.git.commit": commit}
    run = store.create_run(id_, tags=tags, run_name=name).info.run_id
    write(project, "uncommitted.diff", project.run("git", "diff"))
    project.run("python", "-c", MAKE.replace("VALUE", logged or value).replace("SECONDS", "0"))
    for name in ("uncommitted.diff", "reports/history.csv"):
        store.log_artifact(run, str(project.path / name))
    store.log_artifacts(run, str(project.path / "models"), "models")
    project.run("git", "checkout", "-q", "make.py")
    (project.path / "uncommitted.diff").unlink()


def reproduce(project: Project, *arguments: str, status: int = 0, **variables: str) -> str:
    command = ("python", "-m", "stages.cli.main", "reproduce", *arguments)
    return project.run(*command, status=status, PYTHONPATH=str(ROOT), **variables)


def test_a_run_is_run_again_and_the_repository_is_only_read(tiny: Project) -> None:
    own = tiny.path / ".git"
    before = {name: (own / name).read_bytes() for name in ("HEAD", "index")}
    # as in a hook of git
    hook = {"GIT_DIR": str(own), "GIT_INDEX_FILE": str(own / "index"), "GIT_WORK_TREE": str(tiny.path)}
    output = reproduce(tiny, "same", "--yes", status=0, **hook)
    assert "  uncommitted, from the store: make.py +2 -2\n" in output
    assert "\nno GIT\n" in output
    printed = output.splitlines()
    assert [line.split(maxsplit=1)[1] for line in printed if line.startswith("same ")] == [
        "models/network.json", "models/epochs/001.weights.h5", "reports/history.csv",
    ]  # fmt: skip
    assert printed[-1] == "Every output has the same bytes."
    # nothing that is said of the copy reads as if it were of the project
    assert not re.search("git add|@best|core.autostage", output)
    assert not list(tiny.path.parent.glob(".reproduced-*"))
    assert {name: (own / name).read_bytes() for name in before} == before
    assert tiny.run("git", "status", "--porcelain") == ""


def test_the_first_value_that_differs_is_named(tiny: Project) -> None:
    printed = reproduce(tiny, "other", "--yes", status=1).splitlines()
    assert printed[-1] == "Error: 2 outputs differ: models/epochs/001.weights.h5, reports/history.csv."
    assert "DIFFERS  models/epochs/001.weights.h5" in printed
    assert "DIFFERS  reports/history.csv, first at epoch 1, val_loss_nats_per_char: '4' logged, '3' now" in printed


def test_without_a_terminal_it_runs_nothing_unasked(tiny: Project) -> None:
    printed = reproduce(tiny, "same", status=1).splitlines()
    assert printed[0] == "The code of same:"
    assert re.fullmatch(r"  commit [0-9a-f]{10} \(AUTHOR@localhost, \d{4}-\d\d-\d\d: A tiny project\)", printed[1])
    assert printed[2] == "  uncommitted, from the store: make.py +2 -2"
    assert printed[3:] == [
        "Error: reproduce runs the code above, and nobody can confirm that here. Read it, then add --yes."
    ]
    assert not list(tiny.path.parent.glob(".reproduced-*"))


def start(project: Project, *arguments: str, **streams: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "stages.cli.main", "reproduce", *arguments],
        cwd=project.path, env=environment() | {"PYTHONPATH": str(ROOT)}, text=True, **streams,
    )  # fmt: skip


def test_at_a_terminal_it_shows_the_changes_and_takes_no_for_an_answer(tiny: Project) -> None:
    ours, theirs = pty.openpty()
    process = start(tiny, "same", stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, b"p\n\n")
    printed = b""
    try:
        while part := os.read(ours, 10_000):
            printed += part
    except OSError:  # so a terminal says that the other side has gone
        pass
    assert process.wait() == 1
    assert b'+(epochs / "001.weights.h5").write_bytes(b"w" * 2)' in printed
    assert printed.rstrip().endswith(b"Nothing was run.")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_all_processes_and_removes_the_folder(number: signal.Signals, tiny: Project) -> None:
    process = start(tiny, "endless", "--yes", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    assert any(line == "> python make.py\n" for line in process.stdout)
    while not list(tiny.path.parent.glob(".reproduced-*/models/epochs/001.weights.h5")):
        assert process.poll() is None
        time.sleep(0.05)
    assert processes_in_copies(tiny) != []
    process.send_signal(number)
    process.communicate()
    assert process.wait() == (1 if number == signal.SIGINT else 128 + number)
    assert processes_in_copies(tiny) == []
    assert not list(tiny.path.parent.glob(".reproduced-*"))


def processes_in_copies(project: Project) -> list[str]:
    """The folders of processes that work in a copy of the project."""
    folders = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):  # somebody else's, or it has ended
            folders.append(str(link.readlink()))
    return [folder for folder in folders if f"{project.path.parent}/.reproduced-" in folder]


@pytest.fixture(scope="module")
def scored(finished: Project) -> Project:
    """The whole project after an experiment that only evaluated anew, with a new module that is not committed."""
    finished.run("git", "add", ".")
    finished.run("git", "commit", "-q", "-m", "Results")
    new = '"""New."""\n\nMAX_RUN = 4\n'
    (finished.path / "stages" / "core" / "evaluation" / "new.py").write_text(new, encoding="utf-8")
    evaluate = finished.path / "stages" / "evaluate.py"
    text = evaluate.read_text(encoding="utf-8")
    text = text.replace("\nfrom stages", "\nfrom stages.core.evaluation.new import MAX_RUN\nfrom stages", 1)
    evaluate.write_text(f"{text}\nassert MAX_RUN\n", encoding="utf-8")
    finished.run("dvc", "exp", "run", "--name", "scored", "-S", "evaluate.score_length=90")
    return finished


def test_every_stage_runs_and_every_output_of_the_pipeline_is_the_same(
    scored: Project, zarathustra: Zarathustra
) -> None:
    output = zarathustra("reproduce", "scored", "--yes")
    assert "  uncommitted, from the store: stages/core/evaluation/new.py +3 -0\n" in output
    assert stages_that_ran(output) == {"check", *ORDER}
    same = [line.split()[1] for line in output.splitlines() if line.startswith("same ")]
    assert set(same) >= {"data/raw", "models/epochs/002.weights.h5", "reports/history.csv", "reports/index.html"}
    assert output.splitlines()[-1] == "Every output has the same bytes."
    assert not re.search("git add|@best|core.autostage", output)
