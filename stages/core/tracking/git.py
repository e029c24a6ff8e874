"""What git says of the code that is running: its commit, and what differs from it."""

import os
import subprocess
import tempfile
from pathlib import Path

# dvc.lock and reports/ are rewritten by the pipeline as it goes
CODE = (".", ":(exclude)dvc.lock", ":(exclude)reports")
# whatever the user's own settings are, `git apply` has to read it
AS_PATCH = ("--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")
MAX_NEW_BYTES = 10_000_000  # of a file that git does not know: a larger one is data


def commit() -> str | None:
    """Return the hash of the commit that is checked out; None outside a repository."""
    found = _git("rev-parse", "HEAD")
    return None if found is None else found.decode().strip()


def difference() -> bytes:
    """Return what differs from the commit, as a patch, files that git does not know yet included; or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        # new files show in a difference once they are in the index: one of our own
        index = str(Path(folder, "index"))
        if _git("read-tree", "HEAD", index=index) is None:
            return b""
        new = _git("ls-files", "--others", "--exclude-standard", "-z", "--", *CODE, index=index) or b""
        small = [name for name in new.split(b"\0") if name and os.lstat(name).st_size <= MAX_NEW_BYTES]
        if small:
            add = ("--literal-pathspecs", "add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul")
            _git(*add, index=index, given=b"\0".join(small))
        return _git("diff", *AS_PATCH, "HEAD", "--", *CODE, index=index) or b""


def changed_files(path: str) -> list[str]:
    """Return the files at or under `path` that differ from the commit or are new, as git names them."""
    lines = _git("status", "--porcelain", "--no-renames", "--untracked-files=all", "--", path) or b""
    return [line[3:] for line in lines.decode("utf-8", "replace").splitlines()]


def _git(*arguments: str, index: str | None = None, given: bytes = b"") -> bytes | None:
    """Return what git prints, with another index where one is named; None where it fails."""
    variables = os.environ | ({"GIT_INDEX_FILE": index} if index else {})
    try:
        done = subprocess.run(
            ["git", *arguments], input=given, env=variables, capture_output=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
