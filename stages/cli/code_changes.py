"""Which code of a stage changed since it last ran: its listing now against the one that dvc.lock knows.

Stage `check` writes the listings to data/code; here they are computed without it, so that a plan is certain.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from stages import check
from stages.core.pipeline import params
from stages.core.pipeline.code import SOURCE_ROOT, module_path
from stages.core.pipeline.errors import UserError
from stages.core.tracking import git

CODE = "data/code"
MOST_NAMED = 8  # modules


def changed_code(stage: str, locked: Mapping[str, Any]) -> list[str]:
    """Return a line for each module that changed since the stage ran, if its code did, but not for dozens.

    Args:
        stage: name of the stage.
        locked: what dvc.lock says of it; nothing if it has not run.
    """
    lines = list(_changed_code(stage, locked))
    return lines if len(lines) <= MOST_NAMED else [*lines[:MOST_NAMED], f"stages: {len(lines) - MOST_NAMED} more"]


def _changed_code(stage: str, locked: Mapping[str, Any]) -> Iterator[str]:
    if Path.cwd() != SOURCE_ROOT:
        raise UserError(f"This zarathustra belongs to {SOURCE_ROOT}. Run `python -m stages.cli.main` here instead.")
    path = f"{CODE}/{stage}"
    recorded = [dep.get("md5") for dep in locked.get("deps", []) if dep.get("path") == path]
    if not recorded or _md5(now := listing(stage)) in recorded:
        return
    before = Path(path).read_text(encoding="utf-8", errors="replace") if Path(path).is_file() else ""
    if _md5(before) in recorded:
        old, new = _modules(before), _modules(now)
        for module in sorted(old.keys() | new.keys()):
            if old.get(module) != new.get(module):
                kind = "not used any more" if module not in new else "modified" if module in old else "new"
                yield f"{_file(module)}: {kind}"
        return
    # the listing of that run is gone: git knows at least what differs from the commit
    files = {_file(module) for module in _modules(now)}
    changed = [f"{name}: {kind}" for name, kind in sorted(git.changed_files("stages").items()) if name in files]
    yield from changed or ["stages: its code is not that of its last run"]


@cache
def listing(stage: str) -> str:
    """Return what stage `check` would write for a stage: hash and name of each module that decides its bytes."""
    return check.listing(stage, params.load_all())


def _modules(text: str) -> dict[str, str]:
    """Return the hash of each module of a listing."""
    return {name: sha256 for sha256, name in (line.split() for line in text.splitlines())}


def _file(module: str) -> str:
    return module_path(module).relative_to(SOURCE_ROOT).as_posix()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
