"""No file that `git apply` would change is missing from the list that people read before they run a stranger's code."""

from pathlib import Path
from typing import Any

import pytest

from stages.cli.patches import file_changes
from stages.core.tracking import git
from tests.support.files import contents

SEEN = b"diff --git a/seen.py b/seen.py\nnew file mode 100644\n--- /dev/null\n+++ b/seen.py\n@@ -0,0 +1 @@\n+1\n"
HIDDEN = b"--- /dev/null\n+++ b/stages/hidden.py\n@@ -0,0 +1,2 @@\n+import os\n+2\n"  # as `diff` writes it, not git
EMPTY = b"diff --git a/empty b/empty\nnew file mode 100644\nindex 0000000..e69de29\n"
ODD = b'diff --git "a/a\\nb.py" "b/a\\nb.py"\nnew file mode 100755\nindex 0000000..e69de29\n'


@pytest.mark.parametrize("patch", [b"", SEEN, HIDDEN, SEEN + HIDDEN, HIDDEN + SEEN, EMPTY, ODD, SEEN + ODD])
def test_every_file_that_git_would_change_is_listed(
    patch: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = {change.path: change.added for change in file_changes(patch)}
    monkeypatch.chdir(tmp_path)
    if patch:
        git.run("apply", "-", given=patch, variables={"GIT_DIR": str(tmp_path)})
    assert listed == {name: content.count(b"\n") for name, content in contents(tmp_path).items()}


def test_in_a_folder_of_a_repository_paths_count_from_that_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.run("init", "-q", str(tmp_path))
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "inside"))
    assert [change.path for change in file_changes(SEEN + HIDDEN)] == ["seen.py", "stages/hidden.py"]


def test_settings_of_a_user_and_thousands_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".gitconfig").write_text("[apply]\n\twhitespace = error\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    calls = []
    run = git.run

    def counted(*words: str, **options: Any) -> bytes:
        calls.append(words)
        return run(*words, **options)

    monkeypatch.setattr(git, "run", counted)
    patch = b"".join(SEEN.replace(b"seen.py", b"%d.py" % i).replace(b"\n+1", b"\n+1 ") for i in range(1000))
    changes = list(file_changes(patch))
    assert [change.path for change in changes] == [f"{i}.py" for i in range(1000)]
    assert len({change.sha256 for change in changes}) == 1000
    assert len(calls) == 1


def test_a_damaged_patch_is_an_error() -> None:
    with pytest.raises(git.GitError, match=r"No valid patches|corrupt patch"):
        list(file_changes(b"<html>not found</html>"))
