"""What was sampled before, one small file for each prompt and temperature of an epoch, kept as scratch.

With it a killed sampling goes on, and a longer training or one more temperature makes only what is missing.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stages.core.common.files import last_used, read_json, scratch_root, sha256_of, write_json
from stages.core.generation.continuation import Continuation

MAX_CELLS = 4000


def _folder() -> Path:
    return scratch_root() / "samples"


def read_cell(key: str) -> Continuation | None:
    """Return what was kept under a key; None where nothing sound was."""
    try:
        kept = read_json(_folder() / f"{key}.json")
        return Continuation(**kept["cell"]) if kept["sha256"] == _hash_of(kept["cell"]) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_cell(key: str, cell: Continuation) -> None:
    """Keep a cell under a key: the hash of everything that decides it."""
    write_json(_folder() / f"{key}.json", {"cell": asdict(cell), "sha256": _hash_of(asdict(cell))})


def remove_oldest() -> None:
    """Keep the scratch bounded."""
    files = list(_folder().glob("[0-9a-f]*.json"))  # not what another process is writing
    if len(files) > MAX_CELLS:
        for old in sorted(files, key=last_used)[:-MAX_CELLS]:
            old.unlink(missing_ok=True)


def _hash_of(cell: dict[str, Any]) -> str:
    return sha256_of(json.dumps(cell, sort_keys=True))
