"""What `zarathustra reproduce` takes from a run: commit, changes, parameters."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

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
