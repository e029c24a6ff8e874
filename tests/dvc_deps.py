"""The code that each stage depends on, written into dvc.yaml from what it imports: `make docs`."""

from pathlib import Path

from ruamel.yaml import YAML

from stages.core.resume.fingerprint import SOURCE_ROOT, has_code, module_path, project_modules

DVC_YAML = SOURCE_ROOT / "dvc.yaml"
PACKAGES = [path.parent for path in (SOURCE_ROOT / "stages" / "core").glob("*/**/__init__.py")]


def code_of(stage: str) -> list[str]:
    """Return what `deps:` has to name besides data: each module with code, or its whole package where all are needed.

    Each entry costs every `dvc` command time, and one for a package no more than two for modules.
    """
    needed = {module_path(module) for module in project_modules(f"stages.{stage}")}
    whole = [folder for folder in PACKAGES if needed >= code_in(folder)]
    outermost = [folder for folder in whole if not any(other in folder.parents for other in whole)]
    single = [path for path in needed if not any(folder in path.parents for folder in outermost)]
    return sorted(path.relative_to(SOURCE_ROOT).as_posix() for path in [*outermost, *single])


def code_in(package: Path) -> set[Path]:
    """Return the modules with code in a package and those inside it."""
    return {path for path in package.rglob("*.py") if has_code(path)}


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
