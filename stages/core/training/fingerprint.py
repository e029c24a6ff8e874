"""One hash of everything that decides the weights: text, windows, settings, code, versions of packages."""

import json
from importlib.metadata import version
from typing import Any

from stages.core.pipeline.files import sha256_of

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
