"""`zarathustra compare`: two runs of one project."""

import re
import subprocess
from pathlib import Path

import mlflow
import pytest

from tests.support.project import Project, Zarathustra, environment

PROMPT = "ada climbs"


@pytest.fixture(scope="module")
def wider(finished: Project) -> Project:
    """The project after an experiment with other parameters, and one that only evaluated anew with changed code."""
    finished.set_params("train", units=9)
    finished.set_params("sample", length=22)
    finished.run("dvc", "exp", "run", "--name", "wider", "sample")
    return finished


@pytest.fixture(scope="module")
def first(wider: Project) -> str:
    return str(wider.runs("training")[0].info.run_name)


def test_it_shows_what_differs_and_the_losses(wider: Project, first: str, zarathustra: Zarathustra) -> None:
    printed = zarathustra("compare", first, "wider", "--length", "9", COLUMNS="160")
    lines = [line.split() for line in printed.splitlines()]
    assert ["train.units", "8", "9"] in lines
    assert ["sample.length", "20", "22"] in lines
    assert not any(line and line[0] in ("train.epochs", "commit", "dvc.lock/data/raw") for line in lines)
    losses = [row.split(",") for row in wider.read("reports/history.csv").splitlines()]
    column = losses[0].index("val_loss_nats_per_char")
    shown = next(line for line in lines if line and line[0] == "val_loss_nats_per_char")
    assert shown[2] == f"{min(float(row[column]) for row in losses[1:]):.4f}"


def test_each_network_continues_the_same_prompt_as_generate_would(
    wider: Project, first: str, zarathustra: Zarathustra
) -> None:
    options = ("--prompt", PROMPT, "--length", "7")
    printed = zarathustra("compare", first, "wider", *options, "--temperature", "0", COLUMNS="160")
    samples = printed.partition("Temperature 0.0, the same prompt\n")[2].splitlines()[1:]
    assert re.split(" {2,}", samples[0].strip()) == [f"{first}, epoch 2", "wider, epoch 2"]
    for name, position in ((first, samples[0].index(first)), ("wider", samples[0].index("wider"))):
        alone = zarathustra("generate", "--run", name, "--greedy", *options).splitlines()[0]
        cell = samples[1][position : position + 60].rstrip()
        assert cell.startswith(f"{PROMPT}|") and cell.replace("|", "", 1) == alone.rstrip()


def test_the_page_has_curves_and_escapes_text(wider: Project, first: str, zarathustra: Zarathustra) -> None:
    zarathustra("compare", first, "wider", "--html", "page.html", "--temperature", "0.5", "--length", "9")
    text = wider.read("page.html")
    assert "<td>train.units</td><td>8</td><td>9</td>" in text
    assert text.count("<svg") == 1 and "wider, validation" in text and f"{first}, training" in text
    assert re.search(r"<mark>.{10}</mark>.", text, re.DOTALL)
    assert "Temperature 0.5" in text and "Temperature 1.2" not in text


def test_a_foreign_history_in_the_store(wider: Project, first: str, zarathustra: Zarathustra, tmp_path: Path) -> None:
    store = mlflow.MlflowClient(f"sqlite:///{wider.path / 'mlflow.db'}")
    run = store.create_run(wider.runs("training")[0].info.experiment_id, tags={"kind": "training"}, run_name="foreign")
    (tmp_path / "history.csv").write_text("name,height\nAda,1\n", encoding="utf-8")
    store.log_artifact(run.info.run_id, str(tmp_path / "history.csv"))
    printed = zarathustra("compare", first, "foreign", status=1)
    store.delete_run(run.info.run_id)
    assert printed.startswith("Error: foreign: its history.csv is not a table of losses ('epoch').")
    assert printed.count("\n") == 1


def test_one_run_is_not_enough(zarathustra: Zarathustra) -> None:
    assert zarathustra("compare", "wider", status=1).startswith("Error: compare needs two runs or more.")


def test_a_prompt_that_a_network_cannot_read_is_told_in_its_place(
    wider: Project, first: str, zarathustra: Zarathustra
) -> None:
    printed = zarathustra("compare", first, "wider", "--prompt", "\u017c", "--temperature", "0", COLUMNS="300")
    assert printed.count("(The prompt must consist of") == 2 or printed.count("\u017c") >= 2


def test_outside_of_a_project_it_makes_nothing(tmp_path: Path, finished: Project) -> None:
    for command in (("compare", "a", "b"), ("reproduce", "a"), ("generate", "--run", "a")):
        done = subprocess.run(
            ["python", "-m", "stages.cli.main", *command],
            cwd=tmp_path, env=environment() | {"PYTHONPATH": str(finished.path)}, capture_output=True, text=True,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"Error: dvc.yaml does not exist in {tmp_path}. Run this in the project's folder.\n"
        assert not list(tmp_path.iterdir())
