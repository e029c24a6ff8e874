"""One hash of everything that decides the weights: text, windows, settings, code, versions of packages."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stages.core.pipeline.files import sha256_of, sha256_of_file

PACKAGES = ("tensorflow", "keras", "numpy", "numba", "llvmlite")


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that training computes with."""
    return {name: version(name) for name in PACKAGES}


def windows_hash(folder: Path) -> str:
    """Return the hash of the contents of data/windows."""
    return sha256_of(*(sha256_of_file(folder / name) for name in ("ids.npy", "tokenizer.json", "plan.json")))


def training_fingerprint(windows_sha256: str, settings: dict[str, Any], code_sha256: str) -> str:
    """Return the fingerprint of a training run of any number of epochs.

    Args:
        windows_sha256: of the contents of data/windows.
        settings: section train of params.yaml, with the backend that was chosen. `epochs` is left out, so that a
            longer run continues where a shorter one ended, unless the schedule depends on it.
        code_sha256: of the code that decides the weights.
    """
    if settings["schedule"] == "constant":
        settings = {key: value for key, value in settings.items() if key != "epochs"}
    versions = json.dumps(package_versions(), sort_keys=True)
    return sha256_of(windows_sha256, json.dumps(settings, sort_keys=True), code_sha256, versions)
