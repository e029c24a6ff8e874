"""Which code decides the bytes of a stage's outputs, stage by stage.

Stage `check` writes a file for each stage under data/code, with the hash of every module that counts; the stage depends
on its file. The fingerprint of a training run contains the same hashes. So an edit makes a stage stale exactly where it
can change a byte of its outputs: comments, docstrings, error messages and log lines do not count, and neither do the
modules in NOT_HASHED.
"""

import ast
from functools import cache
from pathlib import Path

from stages.core.pipeline.files import sha256_of

PACKAGE = "stages"
SOURCE_ROOT = Path(__file__).parents[3]
# modules and packages that write no output and change no number
NOT_HASHED = (
    "stages.core.kernels.cache",  # keeps what is compiled
    "stages.core.kernels.processors",  # counts threads; their number changes no bit
    "stages.core.networks.folder",  # finds, checks and reads files; changes no number in them
    "stages.core.networks.table",  # names of modules; those of the chosen kind are hashed themselves
    "stages.core.networks.weights",  # checks and reads arrays
    "stages.core.pipeline.code",  # names the code, is none of it
    "stages.core.pipeline.errors",  # ends a command
    "stages.core.pipeline.secrets",  # masks what is printed
    "stages.core.pipeline.locks",  # waits for another process
    "stages.core.pipeline.params",  # checks values; DVC compares the values themselves
    "stages.core.pipeline.progress",  # draws bars
    "stages.core.pipeline.rules",
    "stages.core.pipeline.stage",  # begins and ends a stage
    "stages.core.pipeline.timing",  # notes how long it took
    "stages.core.text.table",  # names the tokenizers; `tokenizer_modules` adds the one that is used
    "stages.core.serving",  # registers and serves what is already written
    "stages.core.tracking",  # logs what is already written
    "stages.core.training.checkpoints",  # restores exactly what it saved
    "stages.core.training.keras.progress",  # draws a bar
    "stages.core.training.launch",  # starts workers; their number changes no bit
    "stages.core.training.memory",  # refuses what does not fit
    "stages.core.training.ray_cluster",  # starts workers too
    "stages.core.training.workers",  # sends and receives
)
ASSETS = (".js", ".css", ".html")


def code_hash(*modules: str) -> str:
    """Return the SHA-256 of the code that decides what `modules` compute.

    Args:
        modules: dotted names, such as stages.train.
    """
    return sha256_of(code_listing(*modules))


def code_listing(*modules: str) -> str:
    """Return the modules that decide what `modules` compute, a line for each: the SHA-256 of its code, its name."""
    return "".join(f"{_sha256(name)}  {name}\n" for name in deciding_modules(*modules))


def deciding_modules(*modules: str) -> list[str]:
    """Return the project's modules that `modules` import, directly or not, themselves included, sorted.

    Modules in NOT_HASHED are left out, and so is what only they import.
    """
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found and _is_hashed(name):
            found.add(name)
            waiting += [*imported_by(name), name.rpartition(".")[0]]
    return sorted(name for name in found if _has_code(name))


def module_path(module: str, root: Path = SOURCE_ROOT) -> Path:
    """Return the source file of a module of this project."""
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def imported_by(module: str) -> list[str]:
    """Return the dotted names of the project's modules that a module imports, wherever the statement stands."""
    names = []
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            children = [f"{node.module}.{alias.name}" for alias in node.names]
            names += [child if is_module(child) else node.module for child in children]
    return [name for name in names if is_module(name)]


def is_module(name: str) -> bool:
    """Tell whether it is a module of this project."""
    return name.split(".")[0] == PACKAGE and module_path(name).is_file()


def _is_hashed(name: str) -> bool:
    return is_module(name) and not any(f"{name}.".startswith(f"{other}.") for other in NOT_HASHED)


@cache
def _has_code(module: str) -> bool:
    """Tell whether it holds anything besides a docstring."""
    statements = _tree(module).body
    return bool(_assets(module)) or not all(map(_is_constant, statements))


@cache
def _sha256(module: str) -> str:
    return sha256_of(ast.dump(_Bare().visit(_tree(module))), *(path.read_bytes() for path in _assets(module)))


def _assets(module: str) -> list[Path]:
    """Return the scripts, styles and templates of a package, in folders of its own too: the page is made of them."""
    path = module_path(module)
    if path.name != "__init__.py":
        return []
    found = (p for p in path.parent.rglob("*") if p.suffix in ASSETS)
    return sorted(p for p in found if next(f for f in p.parents if (f / "__init__.py").exists()) == path.parent)


def _tree(module: str) -> ast.Module:
    return ast.parse(module_path(module).read_text(encoding="utf-8"))


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


class _Bare(ast.NodeTransformer):
    """Removes what only people read: docstrings, the text of errors, log lines."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Drop a docstring, or a call of a logger."""
        call = node.value.func if isinstance(node.value, ast.Call) else None
        is_log_line = isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name) and call.value.id == "logger"
        return None if _is_constant(node) or is_log_line else node

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        """Keep that an error is raised and of which class, not what it says."""
        if isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        return node
