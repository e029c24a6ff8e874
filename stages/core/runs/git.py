"""What git says of the code that is running: its commit, and what differs from it."""

import subprocess


def commit() -> str | None:
    """Return the hash of the commit that is checked out; None outside a repository."""
    return _git("rev-parse", "HEAD")


def difference() -> str:
    """Return the changes of tracked files against the commit, as a patch; empty where there is none.

    dvc.lock and reports/ are left out: the pipeline rewrites them as it goes.
    """
    patch = _git("diff", "--binary", "HEAD", "--", ".", ":(exclude)dvc.lock", ":(exclude)reports")
    return patch + "\n" if patch else ""


def changed_files(path: str) -> list[str]:
    """Return the files at or under `path` that differ from the commit or are new, as git names them."""
    lines = _git("status", "--porcelain", "--no-renames", "--untracked-files=all", "--", path) or ""
    return [line[3:] for line in lines.splitlines()]


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")
