"""`zarathustra reproduce`: what it would run, whether it may, and what it leaves behind."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from stages.cli.outputs_compared import compared, fetch_outputs
from stages.cli.runs import Logged, find
from stages.cli.work_tree import Code, code_of, parameter, restore_parameters, work_tree
from stages.core.pipeline.errors import UserError
from stages.core.tracking import git
from stages.core.tracking.run import MAX_PARAM_LENGTH
from stages.core.tracking.store import Run
from tests.cli.conftest import Zarathustra
from tests.support.project import Project, environment, stages_that_ran
from tests.support.reruns import ORDER


def run_with(tags: Mapping[str, str] | None = None, parameters: Mapping[str, str] | None = None) -> Logged:
    """A run of which only these tags and parameters are known."""
    data = SimpleNamespace(tags=dict(tags or {}), params=dict(parameters or {}))
    return Logged(cast(Run, SimpleNamespace(data=data, info=SimpleNamespace(run_name="one"))), None, "one")


@pytest.fixture(scope="module")
def scored(finished: Project) -> Project:
    """The project after an experiment that only evaluated anew, with a new module that is not committed."""
    finished.run("git", "add", ".")
    finished.run("git", "commit", "-q", "-m", "Results")
    (finished.path / "stages" / "core" / "evaluation" / "new.py").write_text(
        '"""New."""\n\nMAX_RUN = 4\n', encoding="utf-8"
    )
    evaluate = finished.path / "stages" / "evaluate.py"
    text = evaluate.read_text(encoding="utf-8")
    new = text.replace("\nfrom stages", "\nfrom stages.core.evaluation.new import MAX_RUN\nfrom stages", 1)
    evaluate.write_text(f"{new}\nassert MAX_RUN\n", encoding="utf-8")
    finished.run("dvc", "exp", "run", "--name", "scored", "-S", "evaluate.score_length=90")
    return finished


def test_every_stage_runs_and_every_output_is_the_same_and_the_repository_is_only_read(
    scored: Project, zarathustra: Zarathustra
) -> None:
    own = scored.path / ".git"
    before = {name: (own / name).read_bytes() for name in ("HEAD", "index")}
    state = scored.run("git", "status", "--porcelain"), scored.run("git", "rev-parse", "HEAD")
    # as in a hook of git
    hook = {"GIT_DIR": str(own), "GIT_INDEX_FILE": str(own / "index"), "GIT_WORK_TREE": str(scored.path)}
    output = zarathustra("reproduce", "scored", "--yes", **hook)
    assert "  uncommitted, from the store: stages/core/evaluation/new.py +3 -0\n" in output
    assert stages_that_ran(output) == {"check", *ORDER}
    printed = output.splitlines()
    same = [line.split()[1] for line in printed if line.startswith("same ")]
    assert set(same) >= {"data/raw", "models/epochs/002.weights.h5", "reports/history.csv", "reports/index.html"}
    assert printed[-1] == "Every output has the same bytes."
    # nothing that is said of the copy reads as if it were of the project
    assert not re.search("git add|@best|core.autostage", output)
    assert not list(scored.path.parent.glob(".reproduced-*"))
    assert {name: (own / name).read_bytes() for name in before} == before
    assert (scored.run("git", "status", "--porcelain"), scored.run("git", "rev-parse", "HEAD")) == state


def test_without_a_terminal_it_runs_nothing_unasked(scored: Project, zarathustra: Zarathustra) -> None:
    printed = zarathustra("reproduce", "scored", status=1).splitlines()
    assert printed[0] == "The code of scored-sampling:"
    assert re.fullmatch(r"  commit [0-9a-f]{10} \(AUTHOR, \d{4}-\d\d-\d\d: Results\)", printed[1])
    assert "  uncommitted, from the store: stages/core/evaluation/new.py +3 -0" in printed
    assert printed[-1] == (
        "Error: reproduce runs the code above, and nobody can confirm that here. Read it, then add --yes."
    )
    assert not list(scored.path.parent.glob(".reproduced-*"))


def test_at_a_terminal_it_shows_the_changes_and_takes_no_for_an_answer(scored: Project) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "stages.cli.main", "reproduce", "scored"],
        cwd=scored.path, env=environment(), stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, b"p\n\n")
    printed = b""
    try:
        while part := os.read(ours, 10_000):
            printed += part
    except OSError:  # so a terminal says that the other side has gone
        pass
    assert process.wait() == 1
    assert b"+MAX_RUN = 4" in printed
    assert printed.rstrip().endswith(b"Nothing was run.")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_all_processes_and_removes_the_folder(number: signal.Signals, scored: Project) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "stages.cli.main", "reproduce", "scored", "--yes"],
        cwd=scored.path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Running stage"):
            break
    assert processes_in_copies() != []
    process.send_signal(number)
    process.stdout.read()
    assert process.wait() == (1 if number == signal.SIGINT else 128 + number)
    assert processes_in_copies() == []
    assert not list(scored.path.parent.glob(".reproduced-*"))


def processes_in_copies() -> list[str]:
    """The folders of processes that work in a copy."""
    folders = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            folders.append(str(link.readlink()))
        except OSError:  # somebody else's, or it has ended
            continue
    return [folder for folder in folders if "/.reproduced-" in folder]


def test_the_first_value_that_differs_is_named(
    scored: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(scored.path)
    found = Logged(find("scored").training, None, "scored")
    fetch_outputs(found, tmp_path)
    logged = tmp_path / "history.csv"
    rows = [row.split(",") for row in logged.read_text(encoding="utf-8").splitlines()]
    column = rows[0].index("val_loss_nats_per_char")
    before, rows[-1][column] = rows[-1][column], "1.5"
    logged.write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    assert [path for path, same in compared(scored.path, found, tmp_path) if not same] == ["reports/history.csv"]
    assert (
        f"DIFFERS  reports/history.csv, first at epoch {rows[-1][0]}, val_loss_nats_per_char: "
        f"'1.5' logged, {before!r} now\n" in capsys.readouterr().out
    )


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
