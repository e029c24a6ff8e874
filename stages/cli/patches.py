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
    parts = [part for part in re.split(rb"(?m)^(?=diff --git )", patch) if part.strip()]
    entries = [[entry] for entry in _numstat(patch)] if parts else []
    if len(entries) != len(parts):  # a part holds several files, as `diff` writes them
        entries = [_numstat(part) for part in parts]
    for part, files in zip(parts, entries, strict=True):
        for file in files:
            added, removed, path = file.decode("utf-8", "replace").split("\t", 2)
            yield FileChange(path, _number(added), _number(removed), sha256_of(part))


def _numstat(patch: bytes) -> list[bytes]:
    command = ("apply", "--numstat", "--whitespace=nowarn", "-z", "-")
    with tempfile.TemporaryDirectory() as folder:  # in a repository, paths would count from its top
        return git.run("-C", folder, *command, given=patch, variables={"GIT_DIR": folder}).split(b"\0")[:-1]


def _number(text: str) -> int:
    return 0 if text == "-" else int(text)
