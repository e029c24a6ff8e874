"""The code that each stage depends on, written into dvc.yaml from what it imports: `make docs`."""

import ast
from pathlib import Path

from ruamel.yaml import YAML

from stages.core.imports import SOURCE_ROOT, module_path, project_modules

DVC_YAML = SOURCE_ROOT / "dvc.yaml"


def code_of(stage: str) -> list[str]:
    """Return what `deps:` has to name besides data: the source of every module that holds code."""
    return sorted({source_of(module) for module in project_modules(f"stages.{stage}") if has_code(module)})


def source_of(module: str) -> str:
    """Return the file of a module, as `deps:` names it; the folder, where that holds more than Python."""
    path = module_path(module)
    holds_more = any(p.is_file() and p.suffix != ".py" for p in path.parent.iterdir())
    return (path.parent if holds_more else path).relative_to(SOURCE_ROOT).as_posix()


def has_code(module: str) -> bool:
    """Tell a module that has anything besides a docstring."""
    statements = ast.parse(module_path(module).read_text(encoding="utf-8")).body
    return any(not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)) for s in statements)


def main() -> None:
    """Rewrite the lists; leave all else, comments too, as it is."""
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 100
    document = yaml.load(DVC_YAML)
    for name, stage in document["stages"].items():
        data = [dep for dep in stage["deps"] if not dep.startswith("stages/")]
        stage["deps"] = sorted(data) + code_of(name)
    with Path(DVC_YAML).open("w", encoding="utf-8") as file:
        yaml.dump(document, file)


if __name__ == "__main__":
    main()
