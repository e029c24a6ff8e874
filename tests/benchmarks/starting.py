"""What it costs when there is nothing to do, and before a stage begins."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import mlflow
from ruamel.yaml import YAML

from stages.core.pipeline.code import deciding_modules
from stages.core.pipeline.params import SECTIONS
from tests.benchmarks.measuring import Effort, in_turns, ratios, run_command, say, spread
from tests.support.project import ROOT, Project

# of every module that a stage needs: it may put off an import that takes long
IMPORT = """
import importlib, sys, time
started = time.perf_counter()
for module in {modules}:
    importlib.import_module(module)
print(time.perf_counter() - started, "tensorflow" in sys.modules)
"""


def measure(effort: Effort) -> dict[str, Any]:
    """Return seconds of `dvc repro` without anything to do, and of the import of each stage."""
    num_epochs = effort.choose(2, 60)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say(f"  a small project, {num_epochs} epochs, and an empty one")
        project, empty = finished_project(folder, num_epochs), empty_pipeline(folder / "empty")
        seconds = in_turns({"project": lambda: repro(project), "empty": lambda: repro(empty)}, effort.choose(2, 7))
    repro_rows: list[dict[str, Any]] = [
        {
            "`dvc repro` with nothing to do": what,
            "s": spread(seconds[name]),
            "time / time of empty stages": ratios(seconds[name], seconds["empty"]),
        }
        for name, what in (("empty", "seven empty stages, each after the one before"), ("project", "this pipeline"))
    ]
    say("  imports")
    import_rows = [import_row(stage, effort.choose(1, 5)) for stage in SECTIONS]
    return {
        "title": "Starting",
        "conditions": (
            f"The pipeline has run on a small text, {num_epochs} epochs. An import is that of all modules that a "
            "stage needs, in a new process, after Python's own start."
        ),
        "tables": [repro_rows, import_rows],
        "seconds_by_round": seconds,
    }


def finished_project(folder: Path, num_epochs: int) -> Path:
    """Return the folder of a small project in which everything is done."""
    mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}").search_experiments()
    project = Project.create(folder / "small" / "project", folder / "mlflow.db")
    project.set_params("train", epochs=num_epochs)
    project.run("dvc", "repro")
    return project.path


def empty_pipeline(folder: Path) -> Path:
    """Return the folder of a pipeline of as many stages that do nothing, done."""
    folder.mkdir()
    (folder / "0.txt").write_text("0\n")
    stages = {
        f"stage{i}": {"cmd": f"echo {i} > {i}.txt", "deps": [f"{i - 1}.txt"], "outs": [f"{i}.txt"]}
        for i in range(1, len(SECTIONS) + 1)
    }
    YAML(typ="safe").dump({"stages": stages}, folder / "dvc.yaml")
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "repro", "-q"]):
        run_command(command, folder)
    return folder


def repro(folder: Path) -> float:
    """Run `dvc repro`, which must find nothing to do; return the seconds."""
    usage = run_command(["dvc", "repro"], folder)
    if "Data and pipelines are up to date." not in usage.output:
        raise RuntimeError(f"dvc repro in {folder} found something to do:\n{usage.output}")
    return usage.wall_s


def import_row(stage: str, num_rounds: int) -> dict[str, Any]:
    """Import a stage in new processes."""
    command = [sys.executable, "-c", IMPORT.format(modules=deciding_modules(f"stages.{stage}"))]
    outputs = [run_command(command, ROOT).output.split() for _ in range(num_rounds + 1)][1:]  # the first reads the disk
    return {
        "stage": stage,
        "import, s": spread([float(seconds) for seconds, _ in outputs]),
        "TensorFlow": "imported" if any(found == "True" for _, found in outputs) else "not imported",
    }
