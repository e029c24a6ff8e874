"""Which modules of this project a module imports, directly or not: what `deps:` and fingerprints are made of."""

import ast
from pathlib import Path

PACKAGE = "stages"
SOURCE_ROOT = Path(__file__).parents[3]


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
