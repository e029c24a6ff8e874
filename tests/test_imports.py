"""What each stage reads, according to dvc.yaml and according to its imports; and who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages.core.pipeline.params import SECTIONS
from stages.core.training.fingerprint import HARMLESS, module_path, project_modules
from tests.dvc_deps import code_of
from tests.support.project import ROOT

STAGES: dict[str, dict[str, Any]] = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
ALL_MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "stages").rglob("*.py")
)
MAY_IMPORT_MLFLOW = {
    "stages.core.tracking.store",
    "stages.core.serving.registry",
    "stages.core.serving.served_model",
}
MAY_IMPORT_TENSORFLOW = {
    f"stages.core.training.{name}" for name in ("lstm_layer", "network", "quiet_tensorflow", "trainer")
}


def imported_names(module: str) -> set[str]:
    """The dotted names that a module's import statements mention, wherever they stand."""
    names = set()
    for node in ast.walk(ast.parse(module_path(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imports_package(module: str, package: str) -> bool:
    return any(name.split(".")[0] == package for name in imported_names(module))


def test_stage_module_and_section_share_one_name() -> None:
    assert list(STAGES) == list(SECTIONS)
    assert all(Path(ROOT, "stages", f"{stage}.py").is_file() for stage in STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_stage_runs_its_own_module_and_says_what_it_is_for(stage: str) -> None:
    assert STAGES[stage]["cmd"].startswith(f"python -m stages.{stage} ")
    assert STAGES[stage]["desc"]


@pytest.mark.parametrize("stage", STAGES)
def test_deps_on_code_are_exactly_what_the_stage_imports(stage: str) -> None:
    named = [dep for dep in STAGES[stage]["deps"] if dep.startswith("stages/")]
    assert named == code_of(stage), "run `make docs`"


@pytest.mark.parametrize("stage", STAGES)
def test_deps_on_data_are_exactly_what_the_command_names(stage: str) -> None:
    outputs = {path(out) for kind in ("outs", "metrics", "plots") for out in STAGES[stage].get(kind, [])}
    data = {dep for dep in STAGES[stage]["deps"] if not dep.startswith("stages/")}
    named = set(STAGES[stage]["cmd"].split()[3:])
    assert {argument_of(p, named) for p in data | outputs} == named
    assert not data & outputs


def path(output: str | dict[str, Any]) -> str:
    return output if isinstance(output, str) else next(iter(output))


def argument_of(path: str, arguments: set[str]) -> str:
    """The argument that is this path or a folder above it."""
    (argument,) = (a for a in arguments if path == a or path.startswith(f"{a}/"))
    return argument


@pytest.mark.parametrize("stage", STAGES)
def test_data_is_made_by_an_earlier_stage(stage: str) -> None:
    earlier = list(STAGES)[: list(STAGES).index(stage)]
    made = {path(out) for s in earlier for kind in ("outs", "metrics", "plots") for out in STAGES[s].get(kind, [])}
    assert {dep for dep in STAGES[stage]["deps"] if not dep.startswith("stages/")} <= made


def test_harmless_modules_exist_and_are_imported_by_training_or_sampling() -> None:
    used = {*project_modules("stages.train"), *project_modules("stages.sample")}
    assert [name for name in HARMLESS if not any(module.startswith(name) for module in used)] == []


@pytest.mark.parametrize("module", ALL_MODULES)
def test_module_imports_only_what_its_place_allows(module: str) -> None:
    stages = {f"stages.{name}" for name in STAGES}
    imported = set(project_modules(module)) - {module}
    if module.startswith("stages.core") or module in stages:
        assert not imported & stages
        assert not any(name.startswith("stages.cli") for name in imported)
    assert not imports_package(module, "mlflow") or module in MAY_IMPORT_MLFLOW
    assert not imports_package(module, "tests")
    for package in ("tensorflow", "keras"):
        assert not imports_package(module, package) or module in MAY_IMPORT_TENSORFLOW


def test_only_training_loads_tensorflow() -> None:
    others = ", ".join(f"stages.{stage}" for stage in STAGES if stage != "train")
    program = f"import sys, {others}; print({{'tensorflow', 'keras', 'torch'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
