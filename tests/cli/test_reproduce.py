"""`zarathustra reproduce`: what it would run, whether it may, and what it leaves behind."""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import mlflow
import pytest

from stages.cli.runs import Logged
from stages.cli.work_tree import Code, code_of, parameter, restore_parameters, work_tree
from stages.core.pipeline.errors import UserError
from stages.core.tracking import git
from stages.core.tracking.run import MAX_PARAM_LENGTH
from stages.core.tracking.store import Run
from tests.cli.conftest import Zarathustra
from tests.support.project import ROOT, Project, environment, stages_that_ran
from tests.support.reruns import ORDER


def run_with(tags: Mapping[str, str] | None = None, parameters: Mapping[str, str] | None = None) -> Logged:
    """A run of which only these tags and parameters are known."""
    data = SimpleNamespace(tags=dict(tags or {}), params=dict(parameters or {}))
    return Logged(cast(Run, SimpleNamespace(data=data, info=SimpleNamespace(run_name="one"))), None, "one")


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


@pytest.mark.parametrize("commit", ["none", "", "--upload-pack=touch /tmp/x", "-h", "HEAD", "0" * 39, "main"])
def test_a_run_that_names_no_commit_is_not_run_again(commit: str) -> None:
    with pytest.raises(UserError, match="one: the run names no commit"):
        code_of(run_with({"mlflow.source.git.commit": commit}))


def test_code_that_git_could_not_tell_is_said_to_be_uncertain() -> None:
    assert not code_of(run_with({"mlflow.source.git.commit": "0" * 40, "git.dirty": "unknown"})).is_certain


@pytest.mark.parametrize("inside", ["", "sub/"])
def test_the_copy_holds_commit_and_changes_also_of_a_folder_in_a_larger_repository(
    inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "large" / inside
    (folder / "stages").mkdir(parents=True)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = A\n\temail = a@localhost\n", encoding="utf-8")
    files = {"stages/code.py": b"ONE = 1\n", "params.yaml": b"{}\n", "z.bin": bytes(range(256)), ".dvc/config": b""}
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "One"]):
        subprocess.run(["git", *command], cwd=tmp_path / "large", check=True)
    monkeypatch.chdir(folder)
    (folder / "stages/code.py").write_bytes(b"ONE = 2\n")
    (folder / "stages/new.py").write_bytes(b"TWO = 2\n")
    (folder / "z.bin").write_bytes(bytes(range(256))[::-1])
    patch, commit = git.difference(), git.commit()
    assert patch and commit
    head = (tmp_path / "large/.git/HEAD").read_bytes(), (tmp_path / "large/.git/index").read_bytes()
    found = run_with({"git.folder": inside} if inside else {})
    with work_tree(found, Code(commit, patch, is_certain=True)) as tree:
        assert tree.parent == folder.resolve().parent
        copied = {p.relative_to(tree).as_posix(): p.read_bytes() for p in tree.rglob("*") if p.is_file()}
    assert copied == {
        "stages/code.py": b"ONE = 2\n", "stages/new.py": b"TWO = 2\n", "params.yaml": b"{}\n",
        "z.bin": bytes(range(256))[::-1], ".dvc/config": b"", ".dvc/config.local": b"[core]\n    no_scm = true\n",
    }  # fmt: skip
    assert not tree.exists()
    assert ((tmp_path / "large/.git/HEAD").read_bytes(), (tmp_path / "large/.git/index").read_bytes()) == head
    with (
        pytest.raises(UserError, match=f"one: commit {'1' * 40} is unavailable"),
        work_tree(found, Code("1" * 40, b"", is_certain=True)),
    ):
        pass
    with (
        pytest.raises(UserError, match=r"one: its uncommitted\.diff does not apply"),
        work_tree(found, Code(commit, b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n", is_certain=True)),
    ):
        pass
    assert not list(folder.resolve().parent.glob(".reproduced-*"))


def test_parameters_are_restored_as_what_they_were(project: Project) -> None:
    texts = {
        "lowercase.encoding": "437",
        "train.clip_norm": "None",
        "train.epochs": "3",
        "lowercase.lower_case": "True",
        "sample.temperatures": "[0.5, Infinity]",
        "sample.prompts": "[" + "9" * (MAX_PARAM_LENGTH - 1),
        "report.prompt": "12",
    }
    assert restore_parameters(project.path, run_with(parameters=texts)) == []
    params = project.params()
    assert (params["lowercase"]["encoding"], params["lowercase"]["lower_case"]) == ("437", True)
    assert (params["train"]["clip_norm"], params["train"]["epochs"]) == (None, 3)
    assert params["sample"]["temperatures"] == [0.5, float("inf")]
    assert params["sample"]["prompts"] is None
    assert params["report"]["prompt"] == "12"


def test_what_is_no_parameter_is_ignored_and_named(project: Project) -> None:
    before = project.params()
    texts = {"note": "hello", "unknown.key": "1", "train.kernel_of_old": "auto", "train": "3", "": "x"}
    assert restore_parameters(project.path, run_with(parameters=texts)) == list(texts)
    assert project.params() == before


@pytest.mark.parametrize("text", ["{", "[1,", "three", "[" * 5000, "0", "None", "", "1: : 2", "!!python/object:x 1"])
def test_a_damaged_parameter_is_one_message(text: str) -> None:
    with pytest.raises(UserError, match=re.escape("one: its parameter train.epochs is damaged: ")) as error:
        parameter("one", "train.epochs", text, 60)
    assert len(str(error.value)) < 600
