"""What each stage reads according to dvc.yaml; who may import whom according to pyproject.toml."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages.core.pipeline.params import SECTIONS
from tests.support.project import ROOT

STAGES: dict[str, dict[str, Any]] = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]


def path(output: str | dict[str, Any]) -> str:
    return output if isinstance(output, str) else next(iter(output))


def outputs(stage: str) -> set[str]:
    return {path(out) for kind in ("outs", "metrics", "plots") for out in STAGES[stage].get(kind, [])}


def is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def test_stage_module_and_section_share_one_name() -> None:
    assert list(STAGES) == ["check", *SECTIONS]
    assert all(Path(ROOT, "stages", f"{stage}.py").is_file() for stage in STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_stage_runs_its_own_module_and_says_what_it_is_for(stage: str) -> None:
    assert STAGES[stage]["cmd"].startswith(f"python -m stages.{stage} ")
    assert STAGES[stage]["desc"]


def test_check_depends_on_all_code_and_every_parameter() -> None:
    assert STAGES["check"]["deps"] == ["stages"]
    assert STAGES["check"]["params"] == list(SECTIONS)


@pytest.mark.parametrize("stage", SECTIONS)
def test_stage_depends_on_its_code_and_on_the_data_that_its_command_names(stage: str) -> None:
    code, *data = STAGES[stage]["deps"]
    assert code == f"data/code/{stage}"
    arguments = STAGES[stage]["cmd"].split()[3:]
    for dep in {*data, *outputs(stage)}:
        assert any(is_in(dep, argument) for argument in arguments), dep
    for argument in arguments:
        assert any(is_in(dep, argument) for dep in {*data, *outputs(stage)}), argument
    assert not {*data} & outputs(stage)


@pytest.mark.parametrize("stage", SECTIONS)
def test_what_a_stage_reads_is_written_by_an_earlier_one(stage: str) -> None:
    earlier = list(STAGES)[: list(STAGES).index(stage)]
    written = {out for s in earlier for out in outputs(s)}
    assert [dep for dep in STAGES[stage]["deps"] if not any(is_in(dep, out) for out in written)] == []


def test_modules_import_only_what_the_contracts_in_pyproject_toml_allow() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint_imports], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_only_training_loads_tensorflow() -> None:
    others = ", ".join(f"stages.{stage}" for stage in STAGES if stage != "train")
    program = f"import sys, {others}; print({{'tensorflow', 'keras', 'torch'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_no_test_imports_another() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in Path(ROOT, "tests").rglob("*.py")}
    assert [path for path, source in sources.items() if re.search(r"(from|import) tests\.(\w+\.)*test_", source)] == []
