"""One number for everything that decides the weights: text, windows, settings, code, versions of packages.

The code is the modules of this project that a module imports, directly or not. The `deps:` of a stage are the same.
"""

import ast
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stages.core.common.files import sha256_of, sha256_of_file

PACKAGE = "stages"
SOURCE_ROOT = Path(__file__).parents[3]
PACKAGES = ("tensorflow", "keras", "numpy", "numba", "llvmlite")
# imported by training or sampling, but without a say in the numbers: packages, and a module
HARMLESS = (
    "stages.core.common",
    "stages.core.resume.",
    "stages.core.runs.",
    "stages.core.samples.",
    "stages.core.training.quiet_tensorflow",
)


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that training computes with."""
    return {name: version(name) for name in PACKAGES}


def code_hash(module: str) -> str:
    """Return the hash of the code that `module` runs, less what is harmless: comments, docstrings, layout, modules."""
    modules = [m for m in project_modules(module) if not m.startswith(HARMLESS)]
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


def project_modules(module: str) -> list[str]:
    """Return the dotted names of the project's modules that `module` needs, itself among them, sorted.

    Packages on the way, such as `stages.core`, are among them where they hold code besides a docstring.
    """
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found and _is_module(name):
            found.add(name)
            waiting += [*_imported_by(name), name.rpartition(".")[0]]
    return sorted(name for name in found if has_code(module_path(name)))


def module_path(module: str, root: Path = SOURCE_ROOT) -> Path:
    """Return the source file of a module of this project."""
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def has_code(module: Path) -> bool:
    """Tell a module that has anything besides a docstring."""
    statements = ast.parse(module.read_text(encoding="utf-8")).body
    return any(not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)) for s in statements)


def _is_module(name: str) -> bool:
    return name.split(".")[0] == PACKAGE and module_path(name).is_file()


def _imported_by(module: str) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(module_path(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            children = [f"{node.module}.{alias.name}" for alias in node.names]
            names += [child if _is_module(child) else node.module for child in children]
    return names
