"""One hash of everything that decides the weights: text, windows, settings, code, versions of packages."""

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stages.core.networks.table import modules_of, options_of
from stages.core.pipeline.code import code_hash
from stages.core.pipeline.files import sha256_of
from stages.core.pipeline.params import TrainParams
from stages.core.text.windows import windows_hash

PACKAGES = ("tensorflow", "keras", "numpy", "numba", "llvmlite")


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that training computes with."""
    return {name: version(name) for name in PACKAGES}


def training_fingerprint(windows_sha256: str, settings: dict[str, Any], code_sha256: str) -> str:
    """Return the fingerprint of a training run of any number of epochs.

    Args:
        windows_sha256: of the contents of data/windows.
        settings: section train of params.yaml, with the backend that was chosen. What only decides when training
            ends is left out, so that a longer run continues where a shorter one ended; `epochs` stays where the
            schedule depends on it.
        code_sha256: of the code that decides the weights.
    """
    only_ends = {"early_stopping_epochs"} | ({"epochs"} if settings["schedule"] == "constant" else set())
    settings = {key: value for key, value in settings.items() if key not in only_ends}
    versions = json.dumps(package_versions(), sort_keys=True)
    return sha256_of(windows_sha256, json.dumps(settings, sort_keys=True), code_sha256, versions)


def resumable_fingerprint(train: TrainParams, windows: Path, tokens: str, backend: str) -> str:
    """Return the fingerprint under which the epochs of a training are kept.

    Args:
        train: section train of params.yaml.
        windows: folder of data/windows.
        tokens: the kind of tokens in it.
        backend: that was chosen for train.lstm_backend.
    """
    code_sha256 = code_hash(*modules_of("train", train.network, tokens, options_of(train)))
    return training_fingerprint(windows_hash(windows), asdict(train) | {"lstm_backend": backend}, code_sha256)


def whole_fingerprint(resumable: str, train: TrainParams) -> str:
    """Return the fingerprint of everything, when training ends included."""
    return sha256_of(resumable, str(train.epochs), str(train.early_stopping_epochs))
