"""Where a run comes from, as flat strings: commit, experiment, hashes of dvc.lock, parameters."""

import os
from collections.abc import Mapping
from typing import Any

from stages.core.tracking import git
from stages.core.tracking.lockfile import locked

EXPERIMENT = "dvc.experiment"  # tag: the name of the experiment that began a run
BASELINE = "dvc.baseline"  # tag: the commit that it began at
TRAINING_STAGES = ("download", "lowercase", "vectorize", "train")


def experiment() -> str | None:
    """Return the name of DVC's experiment that runs this process, if one does."""
    return os.environ.get("DVC_EXP_NAME") or None


def provenance_tags() -> dict[str, str]:
    """Return tags that say where a run comes from: commit, uncommitted changes, hashes of dvc.lock, experiment."""
    patch = git.difference()
    tags = {
        "mlflow.source.git.commit": git.commit() or "none",
        "mlflow.source.name": "dvc.yaml",
        "git.dirty": "unknown" if patch is None else str(bool(patch)).lower(),
    }
    if folder := git.folder():  # the project is a folder of a larger repository
        tags["git.folder"] = folder
    tags |= {f"dvc.lock/{path}": md5 for path, md5 in locked_hashes().items()}
    for value, tag in ((experiment(), EXPERIMENT), (os.environ.get("DVC_EXP_BASELINE_REV"), BASELINE)):
        if value:
            tags[tag] = value
    return tags


def locked_hashes() -> dict[str, str]:
    """Return the hash of each output of the stages up to training that dvc.lock knows."""
    return {out["path"]: out["md5"] for stage in TRAINING_STAGES[:-1] for out in locked(stage).get("outs", [])}


def flattened(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, with joined names.

    >>> flattened({"train": {"epochs": 60}})
    {'train.epochs': 60}
    """
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= flattened(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
