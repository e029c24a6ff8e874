"""What a patch changes, file by file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stages.core.pipeline.files import sha256_of


@dataclass(frozen=True)
class FileChange:
    """The change of one file."""

    path: str
    added: int  # lines
    removed: int
    sha256: str  # of this part of the patch


def file_changes(patch: bytes) -> Iterator[FileChange]:
    """Yield what a patch of git changes."""
    text = patch.decode("utf-8", "replace")
    for part in re.split(r"^diff --git ", text, flags=re.MULTILINE)[1:]:
        lines = part.partition("\n@@")[2].splitlines()
        added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
        yield FileChange(part.splitlines()[0].rpartition(" b/")[2], added, removed, sha256_of(part))
