"""The patch that is kept of uncommitted changes brings the commit to the same state, or its absence is said."""

import logging
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.core.tracking import git
from stages.core.tracking.provenance import provenance_tags
from tests.support.files import contents

BINARY = bytes(range(256)) * 4


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user whose git shows differences in a way of its own."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text(
        "[user]\n\tname = A\n\temail = a@localhost\n[diff]\n\tnoprefix = true\n\tautoRefreshIndex = false\n"
        "[color]\n\tui = always\n[init]\n\tdefaultBranch = main\n",
        encoding="utf-8",
    )
    return tmp_path


@pytest.fixture
def repository(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit."""
    path = home / "repository"
    make_repository(path)
    monkeypatch.chdir(path)
    return path


def make_repository(path: Path) -> None:
    (path / "stages").mkdir(parents=True)
    (path / "stages" / "code.py").write_text("ONE = 1\n", encoding="utf-8")
    (path / "params.yaml").write_text("sources: [a, b]\n", encoding="utf-8")
    (path / "z.bin").write_bytes(BINARY)
    for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "One")):
        run("-C", str(path), *command)


def run(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], check=True, capture_output=True).stdout


def patched(commit_of: Path, patch: bytes, folder: Path, inside: str = "") -> dict[str, bytes]:
    """What a clone holds after the patch was applied."""
    run("clone", "-q", str(commit_of), str(folder))
    (folder.parent / "patch").write_bytes(patch)
    run("-C", str(folder / inside), "apply", "--directory", inside, str(folder.parent / "patch"))
    return contents(folder / inside)


def test_a_clean_tree_has_no_difference(repository: Path) -> None:
    (repository / "stages" / "code.py").touch()
    assert git.difference() == b""
    assert provenance_tags()["git.dirty"] == "false"


def test_changed_and_new_code_is_all_in_it(repository: Path, home: Path) -> None:
    Path("stages/code.py").write_bytes(b"# caf\xe9 in Latin-1\nONE = 2\n")
    Path("stages/new folder").mkdir()
    Path("stages/new folder/n\u00fc.py").write_text("TWO = 2\n", encoding="utf-8")
    Path("stages/link.py").symlink_to("code.py")
    Path("dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    Path("z.bin").write_bytes(BINARY[::-1])  # the last of the patch, which ends with an empty line then
    Path("reports").mkdir()
    Path("reports/index.md").write_text("An output.\n", encoding="utf-8")
    status = run("status", "--porcelain")
    patch = git.difference()
    assert patch
    assert run("status", "--porcelain") == status
    shutil.rmtree("reports")
    assert patched(repository, patch, home / "clone") == contents(repository)
    assert provenance_tags()["git.dirty"] == "true"


@pytest.mark.parametrize("setting", ["diff.context=0", "diff.orderFile=/nowhere", "core.autocrlf=true"])
def test_settings_of_a_user_do_not_spoil_the_patch(repository: Path, home: Path, setting: str) -> None:
    text = "".join(f"N{i} = {i}\n" for i in range(20))
    Path("stages/code.py").write_text(text, encoding="utf-8")
    run("commit", "-q", "-a", "-m", "Two")
    run("config", *setting.split("="))
    Path("stages/code.py").write_text(text.replace("= 10", "= 99"), encoding="utf-8")
    patch = git.difference()
    assert patch
    assert b"= 99" in patched(repository, patch, home / "clone")["stages/code.py"]


def test_a_colon_in_the_name_of_the_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('"a:b\\', "c:d"):
        make_repository(home / name)
        monkeypatch.chdir(home / name)
        assert git.difference() == b""
        Path("stages/code.py").write_text("ONE = 2\n", encoding="utf-8")
        assert git.difference()


def test_what_a_sparse_checkout_leaves_out_is_not_deleted(repository: Path) -> None:
    (repository / "tests").mkdir()
    (repository / "tests" / "test.py").write_text("ONE = 1\n", encoding="utf-8")
    run("add", ".")
    run("commit", "-q", "-m", "Two")
    run("sparse-checkout", "set", "stages")
    assert not (repository / "tests").exists()
    assert git.difference() == b""
    Path("params.yaml").unlink()
    assert git.difference()


def test_the_repository_is_only_read(repository: Path) -> None:
    run("config", "core.splitIndex", "true")
    Path("stages/new.py").write_text("TWO = 2\n", encoding="utf-8")
    before = contents(repository / ".git")
    assert git.difference()
    assert contents(repository / ".git") == before


def test_no_program_that_the_repository_names_runs(repository: Path, home: Path) -> None:
    program = home / "program"
    program.write_text(f"#!/bin/sh\ntouch '{home}/ran'\n", encoding="utf-8")
    program.chmod(0o755)
    settings = {
        "core.fsmonitor": program, "core.pager": program, "diff.external": program, "gpg.program": program,
        "log.showSignature": "true", "remote.origin.promisor": "true", "remote.origin.uploadpack": program,
        "remote.origin.url": home, "extensions.partialClone": "origin", "core.repositoryFormatVersion": 1,
    }  # fmt: skip
    for key, value in settings.items():
        run("config", key, str(value))
    signed = run("cat-file", "commit", "HEAD").replace(
        b"\n\n", b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1
    )
    commit = git.run("hash-object", "-w", "-t", "commit", "--stdin", given=signed).decode().strip()
    assert git.run("show", "-s", "--format=%an", commit, "--") == b"A\n"
    Path("stages/code.py").write_text("ONE = 2\n", encoding="utf-8")
    assert git.difference()
    (object_file,) = (
        repository / ".git/objects" / blob[:2] / blob[2:] for blob in [run("rev-parse", "HEAD:z.bin").decode().strip()]
    )
    object_file.unlink()
    Path("z.bin").write_bytes(b"changed")
    assert git.difference() is None
    with pytest.raises(git.GitError):
        git.run("show", "1" * 40, "--")
    assert not (home / "ran").exists()


def test_what_is_no_code_stays_here(repository: Path) -> None:
    for name in ("notes.txt", ".env", "stages/.env", "stages/.key", "data/private.txt", ".dvc/config"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("TOKEN=secret\n", encoding="utf-8")
    assert git.difference() == b""


def test_a_tracked_env_file_stays_here_too(repository: Path) -> None:
    Path(".env").write_text("TOKEN=\n", encoding="utf-8")
    run("add", ".env")
    run("commit", "-q", "-m", "Two")
    Path(".env").write_text("TOKEN=secret\n", encoding="utf-8")
    assert git.difference() == b""


def test_passwords_of_sources_stay_here_and_the_patch_still_applies(repository: Path, home: Path) -> None:
    Path("params.yaml").write_text("sources: ['http://bob:secret@host/a', ftp://eve@host]\n", encoding="utf-8")
    patch = git.difference()
    assert patch and b"secret" not in patch and b"eve" not in patch
    files = patched(repository, patch, home / "clone")
    assert files["params.yaml"] == b"sources: ['http://host/a', ftp://host]\n"


def test_variables_of_git_name_no_other_repository(
    repository: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = git.commit()
    make_repository(home / "other")
    run("-C", str(home / "other"), "commit", "-q", "--allow-empty", "-m", "Two")
    Path("stages/code.py").write_text("ONE = 2\n", encoding="utf-8")
    expected = git.difference()
    for name, value in {
        "GIT_DIR": home / "other" / ".git", "GIT_WORK_TREE": home / "other", "GIT_INDEX_FILE": home / "index",
        "GIT_OBJECT_DIRECTORY": home / "nowhere", "GIT_CEILING_DIRECTORIES": repository, "GIT_EXTERNAL_DIFF": "false",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    assert (git.commit(), git.difference()) == (here, expected)
    assert git.changed_files("stages") == {"stages/code.py": "modified"}


def test_a_replaced_commit_is_the_one_that_others_have(repository: Path) -> None:
    (repository / "stages" / "code.py").write_text("TWO = 2\n", encoding="utf-8")
    run("commit", "-q", "-a", "-m", "Two")
    run("replace", "HEAD", "HEAD~1")
    assert git.difference() == b""


def test_a_project_in_a_larger_repository(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_repository(home / "large" / "sub")
    shutil.rmtree(home / "large" / "sub" / ".git")
    run("-C", str(home / "large"), "init", "-q")
    run("-C", str(home / "large"), "add", ".")
    run("-C", str(home / "large"), "commit", "-q", "-m", "One")
    monkeypatch.chdir(home / "large" / "sub")
    Path("../elsewhere.py").write_text("not ours\n", encoding="utf-8")
    assert git.difference() == b""
    Path("stages/code.py").write_text("ONE = 2\n", encoding="utf-8")
    Path("stages/new.py").write_text("TWO = 2\n", encoding="utf-8")
    patch = git.difference()
    assert patch
    assert patched(home / "large", patch, home / "clone", inside="sub") == contents(Path.cwd())
    assert git.changed_files("stages") == {"stages/code.py": "modified", "stages/new.py": "new"}
    assert provenance_tags()["git.folder"] == "sub/"


def test_flags_that_hide_changes_from_git_do_not_hide_them_here(repository: Path) -> None:
    run("update-index", "--assume-unchanged", "stages/code.py")
    run("update-index", "--skip-worktree", "params.yaml")
    Path("stages/code.py").write_text("ONE = 2\n", encoding="utf-8")
    Path("params.yaml").write_text("sources: [c]\n", encoding="utf-8")
    patch = git.difference()
    assert patch and b"+ONE = 2" in patch and b"+sources: [c]" in patch


def broken_head() -> None:
    Path(".git/HEAD").write_text("ref: refs/heads/gone\n", encoding="utf-8")


def damaged_object() -> None:
    Path(".git/refs/heads/main").write_text("1" * 40 + "\n", encoding="utf-8")


def nested_repository() -> None:
    make_repository(Path("stages/nested"))


def empty_nested_repository() -> None:
    run("init", "-q", "stages/nested")
    Path("stages/nested/new.py").write_text("", encoding="utf-8")


def changed_submodule() -> None:
    make_repository(Path("../module"))
    run("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(Path("../module").resolve()), "part")
    run("commit", "-q", "-m", "Two")
    Path("part/stages/code.py").write_text("ONE = 2\n", encoding="utf-8")


def link_to_outside() -> None:
    Path("../outside.py").write_text("ONE = 3\n", encoding="utf-8")
    Path("stages/link.py").symlink_to("../../outside.py")


def folder_is_a_link() -> None:
    Path("stages").rename("../stages")
    Path("stages").symlink_to("../stages")


def ignored_code() -> None:
    Path(".git/info/exclude").write_text("mine.py\n", encoding="utf-8")
    Path("stages/mine.py").write_text("ONE = 3\n", encoding="utf-8")


def many_large_files() -> None:
    for i in range(3):
        Path(f"stages/{i}.npy").write_bytes(bytes(git.MAX_BYTES // 2))


def large_tracked_change() -> None:
    Path("z.bin").write_bytes(bytes(git.MAX_BYTES + 1))


def large_deleted_file() -> None:
    Path("large.bin").write_bytes(os.urandom(git.MAX_BYTES + 1))
    run("add", ".")
    run("commit", "-q", "-m", "Two")
    Path("large.bin").unlink()


def pipe() -> None:
    Path("params.yaml").unlink()
    os.mkfifo("params.yaml")


def no_git() -> None:
    Path(".git").rename("../git")


def no_commit() -> None:
    no_git()
    run("init", "-q")


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (broken_head, "Not a valid object name HEAD"),
        (damaged_object, "object"),
        (nested_repository, "stages/nested/ is a repository of its own"),
        (empty_nested_repository, "stages/nested/ is a repository of its own"),
        (changed_submodule, "part is a repository of its own, with changes of its own"),
        (link_to_outside, "stages/link.py is a link to a file outside of the project"),
        (folder_is_a_link, "stages"),
        (ignored_code, "stages/mine.py is ignored by git"),
        (many_large_files, "the changed files are larger than 10,000,000 bytes"),
        (large_tracked_change, "the changed files are larger than 10,000,000 bytes"),
        (large_deleted_file, "the changes are larger than 10,000,000 bytes"),
        (pipe, "params.yaml"),
        (no_git, "not a git repository"),
        (no_commit, "Not a valid object name HEAD"),
    ],
)
def test_where_git_cannot_tell_the_run_is_unknown_never_clean(
    break_it: Callable[[], None], reason: str, repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    break_it()
    tags = provenance_tags()
    assert tags["git.dirty"] == "unknown"
    (warning,) = caplog.messages
    assert warning.startswith("git: ") and reason in warning
    assert warning.endswith(". So the run does not record how its code differs from the commit.")
    assert warning.count("\n") == 0


def test_without_the_program_git_the_run_is_unknown(
    repository: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert (git.commit(), git.difference()) == (None, None)
    assert "git: it cannot be started (No such file or directory)." in caplog.text


def as_nobody() -> str:
    """What the tag and the warning say in a process of a user who owns nothing."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        logging.getLogger("stages").addHandler(logging.StreamHandler(os.fdopen(os.dup(writing), "w")))
        os.write(writing, provenance_tags()["git.dirty"].encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as file:
        return file.read()


def reachable_by_all(path: Path) -> None:
    """Let another user come to `path`, or skip the test."""
    for parent in (path, *path.parents):
        if parent.stat().st_uid == os.getuid() and parent.stat().st_mode & 0o5 != 0o5:
            parent.chmod(parent.stat().st_mode | 0o5)


def test_a_file_that_cannot_be_read(repository: Path) -> None:
    reachable_by_all(repository)
    Path("stages/secret.py").write_text("", encoding="utf-8")
    Path("stages/secret.py").chmod(0)
    if os.getuid() == 0:
        (repository.parent / ".gitconfig").write_text("[safe]\n\tdirectory = *\n", encoding="utf-8")
    printed = as_nobody()
    assert printed.endswith("unknown") and "stages/secret.py" in printed


@pytest.mark.skipif(os.getuid() != 0, reason="only root can run as somebody else")
def test_a_repository_of_somebody_else(repository: Path) -> None:
    reachable_by_all(repository)
    printed = as_nobody()
    assert printed.endswith("unknown") and "dubious ownership" in printed


def test_a_git_that_never_ends_is_stopped(
    repository: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(git, "MAX_SECONDS", 1.0)
    run("config", "filter.slow.clean", "sleep 60")
    Path(".gitattributes").write_text("*.py filter=slow\n", encoding="utf-8")
    Path("stages/code.py").write_text("ONE = 2\n", encoding="utf-8")
    assert git.difference() is None
    assert "git: it took more than" in caplog.text


@pytest.fixture(autouse=True)
def _warnings_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
