"""One number for everything that decides the weights: text, windows, settings, code, versions of packages."""

import ast
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stages.core.common.files import sha256_of, sha256_of_file
from stages.core.resume.imports import module_path, project_modules

PACKAGES = ("tensorflow", "keras", "numpy", "numba", "llvmlite")
# imported by training or sampling, but without a say in the numbers: packages, and a module; `stages` itself too
HARMLESS = (
    "stages.core.common.",
    "stages.core.resume.",
    "stages.core.runs.",
    "stages.core.training.quiet_tensorflow",
)


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that training computes with."""
    return {name: version(name) for name in PACKAGES}


def code_hash(module: str) -> str:
    """Return the hash of the code that `module` runs, less what is harmless: comments, docstrings, layout, modules."""
    modules = [m for m in project_modules(module) if m != "stages" and not m.startswith(HARMLESS)]
    return sha256_of(*modules, *(_bare(module_path(m).read_text(encoding="utf-8")) for m in modules))


def _bare(source: str) -> str:
    """Return the syntax tree of a module as text, without its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(tree)


def windows_hash(folder: Path) -> str:
    """Return the hash of the contents of data/windows."""
    return sha256_of(*(sha256_of_file(folder / name) for name in ("ids.npy", "vocabulary.json", "plan.json")))


def training_fingerprint(windows_sha256: str, settings: dict[str, Any]) -> str:
    """Return the fingerprint of a training run of any number of epochs.

    Args:
        windows_sha256: of the contents of data/windows.
        settings: section train of params.yaml, with the kernel that was chosen; `epochs` is left out,
            so that a longer run goes on where a shorter one ended.
    """
    settings = {key: value for key, value in settings.items() if key != "epochs"}
    return sha256_of(
        windows_sha256,
        json.dumps(settings, sort_keys=True),
        code_hash("stages.core.training.trainer"),
        json.dumps(package_versions(), sort_keys=True),
    )
