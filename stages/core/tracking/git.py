"""What git knows about the code that is running: its commit, and how the files differ from it.

Git's own variables (GIT_DIR and the like, as in a hook) are dropped: they may name another repository.
"""

import logging
import os
import re
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

logger = logging.getLogger(__name__)

# dvc.lock and reports/ are rewritten by the pipeline itself; files like .env hold secrets
CODE = (".", ":(exclude)dvc.lock", ":(exclude)reports", ":(exclude,glob)**/.env*")
# untracked files count only if the pipeline reads them
NEW_CODE = ("stages", "params.yaml", "dvc.yaml", "pyproject.toml", "requirements.lock", "Makefile", ".dvcignore")
# options that a user's own settings must not change: `git apply` has to read the patch
COMPARED = ("--no-renames", "--relative", "--ignore-submodules=untracked", f"-O{os.devnull}")
AS_PATCH = (
    *("--patch", "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv"),
    *("--unified=3", "--src-prefix=a/", "--dst-prefix=b/"),
)
# a program that the repository's own settings name does not run; a split index would write into the repository
SETTINGS = tuple(
    word
    for setting in (
        *("core.quotePath=false", "core.fsmonitor=false", f"core.hooksPath={os.devnull}", "core.splitIndex=false"),
        "log.showSignature=false",
    )
    for word in ("-c", setting)
)
MAX_BYTES = 10_000_000  # of all changed files together: more is data, not code
MAX_SECONDS = 30.0  # for all calls of one difference
PASSWORD = re.compile(rb"(?<=://)[^\s/@]+@")


class GitError(Exception):
    """Git cannot answer; the text is the reason."""


def environment() -> dict[str, str]:
    """Return the variables of this process without any of git's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def commit() -> str | None:
    """Return the hash of the commit that is checked out; None if there is none, or git cannot tell."""
    try:
        return run("rev-parse", "--verify", "HEAD^{commit}").decode().strip()
    except GitError:
        return None


def folder() -> str:
    """Return the path of the current folder in its repository, such as `sub/project/`; empty at the top or outside."""
    try:
        return run("rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").rstrip("\n")
    except GitError:
        return ""


def difference() -> bytes | None:
    """Return the uncommitted changes of the project in the current folder as a patch, empty if there are none.

    It holds the changes of tracked files, and new files as far as the pipeline reads them. Paths count from the
    current folder. Passwords in new URLs of params.yaml and of DVC's settings are left out.

    Returns:
        The patch; or None, after a warning, if the changes cannot be told for certain.
    """
    try:
        return _without_passwords(_difference())
    except GitError as error:
        logger.warning("git: %s. So the run does not record how its code differs from the commit.", error)
        return None


def changed_files(path: str) -> dict[str, str]:
    """Return the files at or under `path` that differ from the commit, each `new`, `deleted` or `modified`.

    It is empty if git cannot tell.
    """
    try:
        status = run("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", path)
        prefix = folder()
    except GitError:
        return {}
    kinds = {"?": "new", "A": "new", "D": "deleted"}
    entries = [entry.decode("utf-8", "replace") for entry in status.split(b"\0") if entry]
    return {entry[3:].removeprefix(prefix): kinds.get(entry[:2].strip()[:1], "modified") for entry in entries}


def run(
    *arguments: str, given: bytes = b"", timeout: float = MAX_SECONDS, variables: Mapping[str, str] | None = None
) -> bytes:
    """Return what a git command prints.

    Args:
        arguments: of git.
        given: its standard input.
        timeout: in seconds.
        variables: of git, such as GIT_INDEX_FILE.

    Raises:
        GitError: it fails, takes too long or prints more than MAX_BYTES.
    """
    own = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    own["GIT_NO_REPLACE_OBJECTS"] = "1"  # such are in this repository alone: a commit names what it names everywhere
    own["GIT_NO_LAZY_FETCH"] = "1"  # that would call the program which the repository names for its remote
    own |= variables or {}
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stderr:
        stdin.write(given)
        stdin.seek(0)
        try:
            process = subprocess.Popen(
                ["git", *SETTINGS, *arguments],
                stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=environment() | own,
            )  # fmt: skip
        except (OSError, ValueError) as error:  # no program git; NUL in an argument
            raise GitError(f"it cannot be started ({getattr(error, 'strerror', error)})") from None
        with process:
            timer = threading.Timer(timeout, process.kill)
            timer.start()
            assert process.stdout is not None
            printed = process.stdout.read(MAX_BYTES + 1)
            if len(printed) > MAX_BYTES:
                process.kill()
            process.wait()
            late = not timer.is_alive()
            timer.cancel()
        if len(printed) > MAX_BYTES:
            raise GitError(f"the changes are larger than {MAX_BYTES:,} bytes")
        if late:
            raise GitError(f"it took more than {timeout:.0f} s")
        if process.returncode:
            stderr.seek(0)
            raise GitError(_reason(stderr.read(MAX_BYTES).decode("utf-8", "replace"), arguments[0]))
    return printed


def own_objects(temporary: Path, repository: Path) -> dict[str, str]:
    """Return variables of git for an index and new objects in a temporary folder; a repository is only read.

    Raises:
        GitError: there is no repository.
    """
    objects = os.fsdecode(run("-C", str(repository), "rev-parse", "--git-path", "objects").rstrip(b"\n"))
    return {
        "GIT_INDEX_FILE": str(temporary / "index"),
        "GIT_OBJECT_DIRECTORY": str(temporary),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(str((repository / objects).resolve())),
    }


def _reason(printed: str, command: str) -> str:
    lines = [line for line in printed.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (said or lines or [f"git {command} failed"])[0].removeprefix("fatal: ").removeprefix("error: ").rstrip(".")


def _difference() -> bytes:
    end = time.monotonic() + MAX_SECONDS
    with tempfile.TemporaryDirectory() as temporary:
        # a new file shows in a difference once it is in the index; this index, and what git adds, is our own
        own = own_objects(Path(temporary), Path.cwd())

        def git(*arguments: str, given: bytes = b"") -> bytes:
            return run(*arguments, given=given, timeout=max(end - time.monotonic(), 0.1), variables=own)

        git("read-tree", "HEAD")
        if left_out := _left_out(run("ls-files", "-t", "-z")):
            git("update-index", "--skip-worktree", "-z", "--stdin", given=b"\0".join(left_out))
        paths = [path for path in NEW_CODE if os.path.lexists(path)]
        if paths:
            _refuse_ignored(git("ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--", *paths))
            new = _new_code(git("ls-files", "--others", "--exclude-standard", "-z", "--", *paths))
            if new:
                add = ("--literal-pathspecs", "add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul")
                git(*add, given=b"\0".join(new))
        _check(git("diff", "--raw", "-z", *COMPARED, "HEAD", "--", *CODE))
        return git("diff", *AS_PATCH, *COMPARED, "HEAD", "--", *CODE)


def _quoted(path: str) -> str:
    """Return a path as git reads it in a list of paths, where a colon would begin the next."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _left_out(listed: bytes) -> list[bytes]:
    """Return the files that a sparse checkout has left out: they are not deleted. `listed` is of `git ls-files -t`."""
    names = [entry[2:] for entry in listed.split(b"\0") if entry.startswith(b"S ")]
    return [name for name in names if not os.path.lexists(name)]


def _without_passwords(patch: bytes) -> bytes:
    """Remove user names and passwords from URLs in added lines of settings; a changed context would not apply."""
    parts = re.split(rb"(?m)^(?=diff --git )", patch)
    for i, part in enumerate(parts):
        if part.partition(b"\n")[0].endswith((b"/params.yaml", b"/.dvc/config")):
            lines = part.splitlines(keepends=True)
            parts[i] = b"".join(PASSWORD.sub(b"", line) if line.startswith(b"+") else line for line in lines)
    return b"".join(parts)


def _refuse_ignored(listed: bytes) -> None:
    for name in listed.split(b"\0"):
        if name.endswith(b".py") and b"__pycache__" not in name:
            raise GitError(f"{os.fsdecode(name)} is ignored by git")


def _new_code(listed: bytes) -> list[bytes]:
    """Return the untracked files that count; no hidden ones, because those hold secrets or are leftovers."""
    names = [name for name in listed.split(b"\0") if name]
    names = [name for name in names if not any(part.startswith(b".") for part in name.split(b"/")[1:])]
    for name in names:
        if name.endswith(b"/"):
            raise GitError(f"{os.fsdecode(name)} is a repository of its own")
    return names


def _check(raw: bytes) -> None:
    """Refuse changes that a patch cannot hold. `raw` is the output of `git diff --raw -z`."""
    total = 0
    fields = raw.split(b"\0")
    for modes, name in zip(fields[::2], fields[1::2], strict=False):
        path = Path(os.fsdecode(name))
        if b"160000" in modes.split()[0][1:] + modes.split()[1]:
            raise GitError(f"{path} is a repository of its own, with changes of its own")
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(Path.cwd()):
            raise GitError(f"{path} is a link to a file outside of the project")
        if path.is_symlink() or not path.exists():
            continue
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise GitError(f"{path} is not a regular file")
        total += status.st_size
    if total > MAX_BYTES:
        raise GitError(f"the changed files are larger than {MAX_BYTES:,} bytes")
