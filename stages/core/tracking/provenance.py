"""Where a run comes from, as flat strings: commit, experiment, hashes of dvc.lock, parameters."""

import os
from collections.abc import Mapping
from typing import Any

from stages.core.tracking import git
from stages.core.tracking.lockfile import locked

TRAINING_STAGES = ("download", "lowercase", "vectorize", "train")


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
    for variable, tag in (("DVC_EXP_NAME", "dvc.experiment"), ("DVC_EXP_BASELINE_REV", "dvc.baseline")):
        if os.environ.get(variable):
            tags[tag] = os.environ[variable]
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
