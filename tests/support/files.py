"""What a folder holds."""

from pathlib import Path

IGNORED = {"__pycache__", ".git"}


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, as it is; without caches of Python and without git's own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not IGNORED & {*path.relative_to(folder).parts}
    }
