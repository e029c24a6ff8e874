"""`zarathustra plan`, `compare` and `reproduce`: one project, two runs."""

import csv
import dataclasses
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from stages.cli.main import COMMANDS
from stages.cli.reproduce import compared, fetch_outputs, restore_parameters
from stages.cli.runs import Logged, find
from stages.core.tracking.run import MAX_PARAM_LENGTH
from stages.core.tracking.store import Run
from tests.cli.conftest import Zarathustra
from tests.support.project import Project, stages_that_ran
from tests.support.reruns import ORDER
from tests.support.servers import free_port


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


@pytest.fixture(scope="module")
def scored(wider: Project) -> Project:
    """The same after an experiment that only evaluated anew, with results committed and a new module that is not."""
    wider.run("git", "add", ".")
    wider.run("git", "commit", "-q", "-m", "Results")
    scores = wider.path / "stages" / "core" / "scores"
    (scores / "new.py").write_text('"""New."""\n\nMAX_RUN = 4\n', encoding="utf-8")
    scoring = scores / "scoring.py"
    text = scoring.read_text(encoding="utf-8")
    scoring.write_text(
        text.replace("\nfrom stages", "\nfrom stages.core.evaluation.new import MAX_RUN\nfrom stages", 1)
        + "\nassert MAX_RUN\n"
    )
    wider.run("dvc", "exp", "run", "--name", "scored", "-S", "evaluate.score_length=90")
    return wider


def name_of_first(project: Project) -> str:
    return str(project.runs("training")[0].info.run_name)


def test_plan_names_the_file_that_changed(project_with_outputs: Project) -> None:
    module = project_with_outputs.path / "stages" / "core" / "pages" / "figures.py"
    module.write_text(module.read_text(encoding="utf-8") + "\nONE_MORE = 1\n", encoding="utf-8")
    lines = project_with_outputs.run("python", "-m", "stages.cli.main", "plan").splitlines()
    assert lines[1].strip() == "stages/core/report/figures.py: modified"
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


def test_compare_knows_experiments_that_did_not_train(scored: Project, zarathustra: Zarathustra) -> None:
    printed = zarathustra("compare", "wider", "scored", COLUMNS="160")
    table = printed.partition("Losses")[0].splitlines()[2:]
    changed = {f"uncommitted/stages/core/scores/{name}.py" for name in ("new", "scoring")}
    differing = {line.split()[0] for line in table if line}
    assert differing - {f"uncommitted/{name}/.gitignore" for name in (".dvc", "data", "models")} == {
        "wider", "commit", "evaluate.score_length", *changed,
    }  # fmt: skip
    assert ["evaluate.score_length", "100", "90"] in [line.split() for line in table]


def test_reproduce_runs_every_stage_and_says_that_every_output_is_the_same(
    scored: Project, zarathustra: Zarathustra
) -> None:
    wider = scored
    output = zarathustra("reproduce", "scored")
    assert stages_that_ran(output) == set(ORDER)
    printed = output.splitlines()
    same = [line.split()[1] for line in printed if line.startswith("same ")]
    assert set(same) >= {"data/raw", "models/epochs/002.weights.h5", "reports/history.csv", "reports/index.html"}
    assert printed[-1] == "Every output has the same bytes."
    assert not list(wider.path.parent.glob(".reproduced-*"))


def test_reproduce_names_the_first_value_that_differs(
    wider: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{wider.path / 'mlflow.db'}")
    found = dataclasses.replace(find("wider"), sampling=None)
    fetch_outputs(found, tmp_path)
    logged = tmp_path / "history.csv"
    rows = logged.read_text(encoding="utf-8").splitlines()
    before = rows[2].split(",")[2]
    logged.write_text("\n".join([*rows[:2], rows[2].replace(before, "1.5")]) + "\n", encoding="utf-8")
    assert [path for path, same in compared(wider.path, found, tmp_path) if not same] == ["reports/history.csv"]
    assert (
        "DIFFERS  reports/history.csv, "
        f"first at epoch 2, val_loss_nats_per_char: '1.5' was logged, {before!r} was made\n" in capsys.readouterr().out
    )


def test_parameters_are_restored_as_what_they_were(project: Project) -> None:
    texts = {
        "lowercase.encoding": "437",
        "train.clip_norm": "None",
        "train.epochs": "3",
        "lowercase.lower_case": "True",
    }
    texts |= {"sample.temperatures": "[0.5, Infinity]", "sample.prompts": "[" + "9" * (MAX_PARAM_LENGTH - 1)}
    run = cast(Run, SimpleNamespace(data=SimpleNamespace(params=texts)))
    restore_parameters(project.path, Logged(run, None, "one"))
    params = project.params()
    assert (params["lowercase"], params["train"]["clip_norm"], params["train"]["epochs"]) == (
        {"encoding": "437", "lower_case": True}, None, 3,
    )  # fmt: skip
    assert params["sample"]["temperatures"] == [0.5, float("inf")]
    assert params["sample"]["prompts"] is None


@pytest.mark.parametrize("arguments", [("compare", "a", "b"), ("reproduce", "a"), ("generate", "--run", "a")])
def test_a_store_that_does_not_answer_is_one_message(arguments: tuple[str, ...], zarathustra: Zarathustra) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert zarathustra(*arguments, status=1, MLFLOW_TRACKING_URI=nowhere) == (
        f"Error: MLflow: {nowhere} does not answer (Connection refused). Start it, or correct MLFLOW_TRACKING_URI.\n"
    )


def test_plan_while_dvc_is_at_work_says_so(finished: Project, zarathustra: Zarathustra) -> None:
    busy, locks = finished.path / "reports" / "history.csv", finished.path / ".dvc" / "tmp" / "rwlock"
    writing = {str(busy): {"pid": os.getpid(), "cmd": "dvc repro"}}
    locks.write_text(json.dumps({"write": writing}), encoding="utf-8")
    printed = zarathustra("plan", status=1)
    locks.unlink()
    assert printed == f"Error: DVC: '{busy}' is busy, it is being blocked by: (PID {os.getpid()}): dvc repro\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, zarathustra: Zarathustra) -> None:
    assert zarathustra(command, "--help").startswith(f"usage: zarathustra {command} ")
    assert f"    {command}" in zarathustra("--help")
