"""How long stages took, and how fast networks train: `zarathustra plan` estimates from it.

The numbers are kept in the scratch, because no output may depend on time.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from stages.core.pipeline.files import scratch_root, sha256_of, write_text

# settings of section train that do not change how long an epoch takes
NOT_SPEED = (
    *("random_seed", "epochs", "learning_rate", "schedule", "weight_decay", "clip_norm"),
    *("divergence_margin_nats", "rollback_learning_rate_factor", "max_rollbacks", "early_stopping_epochs"),
)


def note_seconds(stage: str, seconds: float) -> None:
    """Keep how many seconds a stage took."""
    _note(_path(stage), seconds)


def last_seconds(stage: str) -> float | None:
    """Return how many seconds a stage took last; None if that is not known."""
    return _number(_path(stage))


def note_speed(train: Mapping[str, Any], characters_per_second: float) -> None:
    """Keep how fast a network trains. `train` is section train of params.yaml."""
    _note(_speed_path(train), characters_per_second)


def last_speed(train: Mapping[str, Any]) -> float | None:
    """Return how many characters per second a network trained last; None if that is not known."""
    return _number(_speed_path(train))


def _speed_path(train: Mapping[str, Any]) -> Path:
    settings = {key: value for key, value in train.items() if key not in NOT_SPEED}
    return _path(f"train-{sha256_of(json.dumps(settings, sort_keys=True))[:16]}")


def _path(name: str) -> Path:
    return scratch_root() / "seconds" / name


def _note(path: Path, number: float) -> None:
    with suppress(OSError):  # a read-only scratch is no reason for a stage to fail
        write_text(path, f"{number:.1f}\n")


def _number(path: Path) -> float | None:
    try:
        number = float(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return number if 0 <= number < float("inf") else None
