"""What is kept of changes that are not committed brings a clone of the commit to the same state."""

import subprocess
from pathlib import Path

import pytest

from stages.core.tracking import git

BINARY = bytes(range(256)) * 4


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, of a user whose git shows differences in a way of its own."""
    path = tmp_path / "repository"
    path.mkdir()
    monkeypatch.chdir(path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    run("config", "--global", "user.name", "A")
    run("config", "--global", "user.email", "a@localhost")
    run("config", "--global", "diff.noprefix", "true")
    run("config", "--global", "color.ui", "always")
    Path("code.py").write_text("ONE = 1\n", encoding="utf-8")
    Path("z.bin").write_bytes(BINARY)
    for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "One")):
        run(*command)
    return path


def run(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


def test_a_clean_tree_has_no_difference(repository: Path) -> None:
    assert git.difference() == b""


def test_changed_binary_and_new_files_are_all_in_it(repository: Path, tmp_path: Path) -> None:
    Path("code.py").write_bytes(b"# caf\xe9 in Latin-1\nONE = 2\n")
    Path("new folder").mkdir()
    Path("new folder", "new.py").write_text("TWO = 2\n", encoding="utf-8")
    Path("z.bin").write_bytes(BINARY[::-1])  # the last of the patch, which ends with an empty line then
    Path("reports").mkdir()
    Path("reports", "index.md").write_text("An output.\n", encoding="utf-8")
    status = subprocess.check_output(["git", "status", "--porcelain"])
    patch = tmp_path / "patch"
    patch.write_bytes(git.difference())
    assert subprocess.check_output(["git", "status", "--porcelain"]) == status

    clone = tmp_path / "clone"
    run("clone", "-q", str(repository), str(clone))
    run("-C", str(clone), "apply", str(patch))
    files = {
        str(p.relative_to(clone)): p.read_bytes() for p in clone.rglob("*") if p.is_file() and ".git" not in p.parts
    }
    assert files == {
        "code.py": b"# caf\xe9 in Latin-1\nONE = 2\n",
        "new folder/new.py": b"TWO = 2\n",
        "z.bin": BINARY[::-1],
    }


def test_outside_a_repository_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (git.commit(), git.difference()) == (None, b"")
