"""What a patch changes, file by file, as `git apply` reads it."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from stages.core.pipeline.files import sha256_of
from stages.core.tracking import git


@dataclass(frozen=True)
class FileChange:
    """The change of one file."""

    path: str
    added: int  # lines; 0 for a binary file
    removed: int
    sha256: str  # of this part of the patch


def file_changes(patch: bytes) -> Iterator[FileChange]:
    """Yield every file that `git apply` would change: a patch from a store need not be one that `git diff` wrote.

    Raises:
        GitError: git cannot read the patch.
    """
    for part in re.split(rb"(?m)^(?=diff --git )", patch):
        if part.strip():
            for entry in _numstat(part).split(b"\0")[:-1]:
                added, removed, path = entry.decode("utf-8", "replace").split("\t", 2)
                yield FileChange(path, _number(added), _number(removed), sha256_of(part))


def _numstat(patch: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:  # in a repository, paths would count from its top
        return git.run("-C", folder, "apply", "--numstat", "-z", "-", given=patch, variables={"GIT_DIR": folder})


def _number(text: str) -> int:
    return 0 if text == "-" else int(text)
