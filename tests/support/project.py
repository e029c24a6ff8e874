"""A small copy of the project in a folder of its own, with a corpus made up for it, driven by real commands."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from ruamel.yaml import YAML

from tests.support.text import made_up_text

ROOT = Path(__file__).parents[2]
Zarathustra = Callable[..., str]  # runs the command of that name in a project
PARTS = (
    *("stages", "dvc.yaml", "pyproject.toml", ".gitignore", ".dvcignore", ".dvc/config"),
    *(".dvc/.gitignore", ".dvc/plots", "data/.gitignore", "models/.gitignore"),
)
SMALL = {
    "vectorize": {"window_length": 10},
    "train": {"units": 8, "epochs": 2, "batch_size": 32},
    "sample": {"length": 20},
    "evaluate": {"score_length": 100, "max_ngram_order": 3},
}
FROM_OUTSIDE = ("DVC_", "MLFLOW_", "NUMBA_", "ZARATHUSTRA_", "GIT_", "PYTHON")


def environment() -> dict[str, str]:
    """The variables of a user who has set none of ours, with the programs of this environment first."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(FROM_OUTSIDE)}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_{what}": f"{who}@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }


def default_params() -> str:
    """Return params.yaml; as it was committed where a user has changed only values: an experiment fails no test."""
    present = (ROOT / "params.yaml").read_text(encoding="utf-8")
    command = ["git", "show", "HEAD:./params.yaml"]
    committed = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, encoding="utf-8")
    return committed.stdout if not committed.returncode and _keys(committed.stdout) == _keys(present) else present


def _keys(params: str) -> list[tuple[str, list[str]]]:
    sections: dict[str, dict[str, Any]] = YAML(typ="safe").load(params)
    return [(name, list(section)) for name, section in sections.items()]


@dataclass(frozen=True)
class Project:
    """The folder of the copy."""

    path: Path

    @classmethod
    def create(cls, path: Path, database: Path) -> "Project":
        """Copy what makes the project, make it small, commit it."""
        project = cls(path)
        for part in PARTS:
            source, target = ROOT / part, path / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.pyc"))
            else:
                shutil.copyfile(source, target)
        (path / "params.yaml").write_text(default_params(), encoding="utf-8")
        path.with_name("corpus.txt").write_text(made_up_text(), encoding="utf-8")
        project.set_params("download", files=[{"name": "made-up.txt", "sha256": None, "sources": ["../corpus.txt"]}])
        for section, values in SMALL.items():
            project.set_params(section, **values)
        shutil.copyfile(database, path / "mlflow.db")
        for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "A small project"]):
            project.run("git", *command)
        return project

    def copy(self, path: Path) -> "Project":
        """Return a copy with all outputs and DVC's cache, that has nothing to do with this one."""
        shutil.copytree(self.path, path / self.path.name, symlinks=True)
        shutil.copyfile(self.path.with_name("corpus.txt"), path / "corpus.txt")
        return Project(path / self.path.name)

    def run(self, *command: str, status: int = 0, **variables: str) -> str:
        """Run a command in the folder; return what it printed, standard error included."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env=environment() | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        assert done.returncode == status, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def params(self) -> dict[str, dict[str, Any]]:
        """What params.yaml says."""
        values: dict[str, dict[str, Any]] = YAML(typ="safe").load(self.path / "params.yaml")
        return values

    def set_params(self, section: str, **values: Any) -> None:
        """Change parameters of one section."""
        params = self.params()
        params[section] |= values
        YAML(typ="safe").dump(params, self.path / "params.yaml")

    def read(self, path: str) -> str:
        """Return the text of a file."""
        return (self.path / path).read_text(encoding="utf-8")

    def locked_outputs(self) -> dict[str, str]:
        """Return the hash of every output in dvc.lock."""
        stages = YAML(typ="safe").load(self.path / "dvc.lock")["stages"]
        return {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}

    def locked_training(self) -> dict[str, str]:
        """Return the hashes of the epochs and of their history in dvc.lock."""
        written = ("models/epochs", "reports/history.csv")
        return {path: md5 for path, md5 in self.locked_outputs().items() if path in written}

    def stale_stages(self) -> set[str]:
        """Return the stages that DVC finds changed themselves, before anything runs."""
        return set(json.loads(self.run("dvc", "status", "--json")))

    def runs(self, kind: str) -> list[mlflow.entities.Run]:
        """Return the runs of one kind in the project's own store, oldest first."""
        store = mlflow.MlflowClient(f"sqlite:///{self.path / 'mlflow.db'}")
        experiments = [e.experiment_id for e in store.search_experiments()]
        return list(store.search_runs(experiments, f"tags.kind = '{kind}'", order_by=["attributes.start_time"]))


def stages_that_ran(output: str) -> set[str]:
    """Return the stages that `dvc repro` says it ran."""
    start = "Running stage '"
    return {line.split("'")[1] for line in output.splitlines() if line.startswith(start)}
