"""What `zarathustra reproduce` takes from a run: commit, changes, parameters."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from stages.cli.reproduce import description
from stages.cli.runs import Logged
from stages.cli.work_tree import Code, code_of, parameter, restore_parameters, work_tree
from stages.core.pipeline.errors import UserError
from stages.core.tracking import git
from stages.core.tracking.run import MAX_PARAM_LENGTH
from stages.core.tracking.store import Run
from tests.support.project import Project


def run_with(tags: Mapping[str, str] | None = None, parameters: Mapping[str, str] | None = None) -> Logged:
    """A run of which only these tags and parameters are known."""
    data = SimpleNamespace(tags=dict(tags or {}), params=dict(parameters or {}))
    return Logged(cast(Run, SimpleNamespace(data=data, info=SimpleNamespace(run_name="one"))), None, "one")


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


def link(path: str, target: Path) -> bytes:
    """A patch that makes a symbolic link."""
    return (
        f"diff --git a/{path} b/{path}\nnew file mode 120000\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{target}\n"
        "\\ No newline at end of file\n"
    ).encode()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit."""
    path = tmp_path / "repository"
    path.mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = A\n\temail = a@localhost\n", encoding="utf-8")
    (path / "code.py").write_text("".join(f"N{i} = {i}\n" for i in range(20)), encoding="utf-8")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "One"]):
        subprocess.run(["git", *command], cwd=path, check=True)
    monkeypatch.chdir(path)
    return path


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (".dvc", "one: its .dvc is no folder, so it cannot be run again."),
        (".dvc/config.local", "one: its .dvc/config.local is no file, so it cannot be run again."),
        ("code.py/../../out", r"one: its uncommitted.diff does not apply (invalid path 'code.py/../../out')."),
        (".git/config", r"one: its uncommitted.diff does not apply (invalid path '.git/config')."),
    ],
)
def test_a_link_in_the_changes_leads_no_write_out_of_the_tree(path: str, message: str, repository: Path) -> None:
    outside = repository.parent / "outside"
    outside.mkdir()
    commit = git.commit()
    assert commit
    with (
        pytest.raises(UserError, match=f"^{re.escape(message)}$"),
        work_tree(run_with(), Code(commit, link(path, outside), is_certain=True)),
    ):
        pass
    assert not list(outside.iterdir())


def test_parameters_are_not_written_through_a_link(repository: Path) -> None:
    outside = repository.parent / "outside.yaml"
    outside.write_text("train: {epochs: 1} # mine\n", encoding="utf-8")
    commit = git.commit()
    assert commit
    found = run_with(parameters={"train.epochs": "2"})
    with work_tree(found, Code(commit, link("params.yaml", outside), is_certain=True)) as tree:
        assert restore_parameters(tree, found) == []
        assert (tree / "params.yaml").read_text(encoding="utf-8") == "train: {epochs: 2}\n"
    assert outside.read_text(encoding="utf-8") == "train: {epochs: 1} # mine\n"


def test_a_run_without_parameters_is_told(repository: Path) -> None:
    commit = git.commit()
    assert commit
    with (
        work_tree(run_with(), Code(commit, b"", is_certain=True)) as tree,
        pytest.raises(UserError, match=r"^one: its code has no params\.yaml, so it cannot be run again\.$"),
    ):
        restore_parameters(tree, run_with())


def test_changes_apply_whatever_the_line_ends_of_the_user(repository: Path) -> None:
    subprocess.run(["git", "config", "core.autocrlf", "true"], check=True)
    code = Path("code.py").read_bytes().replace(b"\n", b"\r\n").replace(b"= 10", b"= 99")
    Path("code.py").write_bytes(code)
    commit, patch = git.commit(), git.difference()
    assert commit and patch
    with work_tree(run_with(), Code(commit, patch, is_certain=True)) as tree:
        assert (tree / "code.py").read_bytes() == code


def test_the_hash_of_a_file_is_no_commit(repository: Path) -> None:
    blob = git.run("rev-parse", "HEAD:code.py").decode().strip()
    with pytest.raises(UserError, match=f"^one: commit {blob} is unavailable"):
        list(description("one", Code(blob, b"", is_certain=True)))


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
