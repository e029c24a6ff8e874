"""`zarathustra plan`, `compare` and `reproduce`: one project, two runs."""

import csv
from pathlib import Path

import pytest

from stages.cli.main import COMMANDS
from stages.cli.reproduce import compared
from tests.cli.conftest import Zarathustra
from tests.project import Project


@pytest.fixture(scope="module")
def wider(finished: Project, zarathustra: Zarathustra) -> Project:
    """The project after an experiment with other parameters, which `plan` had announced."""
    assert zarathustra("plan") == "Nothing to do: all stages are up to date.\n"
    finished.set_params("train", units=9)
    finished.set_params("sample", length=22)
    plan = zarathustra("plan").splitlines()
    assert [line.split()[0] for line in plan if line[0] != " "] == ["train", "sample", "evaluate", "report", "4"]
    assert plan[0].startswith("train     runs (") and plan[0].endswith(" s last time)")
    assert plan[1].strip() == "train.units: 8 -> 9"
    assert plan[3].strip() == "sample.length: 20 -> 22"
    assert plan[4].startswith("evaluate  may run")
    assert plan[5].strip() == "if train or sample changes what it reads"
    finished.run("dvc", "exp", "run", "--name", "wider")
    return finished


def name_of_first(project: Project) -> str:
    return str(project.runs("training")[0].info.run_name)


def test_plan_names_the_file_that_changed(project_with_outputs: Project) -> None:
    module = project_with_outputs.path / "stages" / "core" / "pages" / "figures.py"
    module.write_text(module.read_text(encoding="utf-8") + "\nONE_MORE = 1\n", encoding="utf-8")
    lines = project_with_outputs.run("python", "-m", "stages.cli.main", "plan").splitlines()
    assert lines[1].strip() == "stages/core/pages/figures.py: modified"
    assert lines[-1].startswith("1 of 7 stages; about ")


def test_plan_outside_a_project(project: Project) -> None:
    (project.path / "dvc.yaml").unlink()
    printed = project.run("python", "-m", "stages.cli.main", "plan", status=1)
    assert printed == f"Error: dvc.yaml does not exist in {project.path}. Run this in the project's folder.\n"


def test_compare_shows_what_differs_and_the_samples_side_by_side(wider: Project, zarathustra: Zarathustra) -> None:
    first = name_of_first(wider)
    printed = zarathustra("compare", first, "wider", COLUMNS="160")
    lines = [line.split() for line in printed.splitlines()]
    assert ["train.units", "8", "9"] in lines
    assert ["sample.length", "20", "22"] in lines
    assert not any(line and line[0] in ("train.epochs", "commit", "dvc.lock/data/raw") for line in lines)
    rows = list(csv.DictReader(wider.read("reports/history.csv").splitlines()))
    losses = next(line for line in lines if line and line[0] == "val_loss_nats_per_char")
    assert losses[2] == f"{min(float(row['val_loss_nats_per_char']) for row in rows):.4f}"
    with (wider.path / "reports/samples.csv").open(encoding="utf-8", newline="") as file:
        best = [row for row in csv.DictReader(file) if row["epoch"] == "2" and row["temperature"] == "0.2"]
    assert " ".join(f"[{best[0]['prompt']}] {best[0]['text']}".split()) in printed


def test_compare_as_a_page_escapes_text(wider: Project, zarathustra: Zarathustra) -> None:
    zarathustra("compare", name_of_first(wider), "wider", "--html", "comparison.html", "--temperature", "0.5")
    page = wider.read("comparison.html")
    assert "<td>train.units</td><td>8</td><td>9</td>" in page
    assert "Temperature 0.5" in page and "Temperature 1.2" not in page


def test_compare_needs_runs_and_temperatures_that_are_there(wider: Project, zarathustra: Zarathustra) -> None:
    assert zarathustra("compare", "wider", status=1).startswith("Error: compare needs two runs or more.")
    printed = zarathustra("compare", "wider", name_of_first(wider), "--temperature", "0.7", status=1)
    assert printed == "Error: --temperature must be one that all runs have: 0.2, 0.5, 1.0, 1.2. Received: 0.7.\n"


def test_reproduce_says_that_every_output_is_the_same(wider: Project, zarathustra: Zarathustra) -> None:
    printed = zarathustra("reproduce", "wider").splitlines()
    same = [line.split()[1] for line in printed if line.startswith("same ")]
    assert set(same) >= {"data/raw", "models/epochs/002.weights.h5", "reports/history.csv", "reports/index.html"}
    assert printed[-1] == "Every output has the same bytes."
    assert not list(wider.path.parent.glob(".reproduced-*"))


def test_reproduce_names_the_first_value_that_differs(
    wider: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    training = wider.runs("training")[1]
    logged = Path(training.info.artifact_uri.removeprefix("file://")) / "history.csv"
    rows = logged.read_text(encoding="utf-8").splitlines()
    before = rows[2].split(",")[2]
    logged.write_text("\n".join([*rows[:2], rows[2].replace(before, "1.5")]) + "\n", encoding="utf-8")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{wider.path / 'mlflow.db'}")
    assert [path for path, same in compared(wider.path, training, None) if not same] == ["reports/history.csv"]
    assert (
        "DIFFERS  reports/history.csv, "
        f"first at epoch 2, val_loss_nats_per_char: '1.5' was logged, {before!r} was made\n" in capsys.readouterr().out
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, zarathustra: Zarathustra) -> None:
    assert zarathustra(command, "--help").startswith(f"usage: zarathustra {command} ")
    assert f"    {command}" in zarathustra("--help")
