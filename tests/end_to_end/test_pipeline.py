"""`dvc repro` on a small project, and what it leaves for DVC and for MLflow to show."""

import csv
import json
import re
import shutil

import mlflow
import pytest

from tests.support.project import Project

LOGGED = {"loss_nats_per_char", "val_loss_nats_per_char", "learning_rate", "num_rollbacks"}


@pytest.fixture(scope="module")
def training(finished_project: Project) -> mlflow.entities.Run:
    (run,) = finished_project.runs("training")
    return run


@pytest.fixture(scope="module")
def sampling(finished_project: Project) -> mlflow.entities.Run:
    (run,) = finished_project.runs("sampling")
    return run


@pytest.fixture(scope="module")
def store(finished_project: Project) -> mlflow.MlflowClient:
    return mlflow.MlflowClient(f"sqlite:///{finished_project.path / 'mlflow.db'}")


def test_second_repro_has_nothing_to_do(finished_project: Project) -> None:
    assert "Data and pipelines are up to date." in finished_project.run("dvc", "repro")


def test_nothing_is_stale_in_a_clone_that_ran_no_python_yet(project_with_outputs: Project) -> None:
    for folder in list(project_with_outputs.path.rglob("__pycache__")):
        shutil.rmtree(folder)
    assert project_with_outputs.stale_stages() == set()


def test_every_output_exists_with_no_partial_file_beside(finished_project: Project) -> None:
    assert all((finished_project.path / path).exists() for path in finished_project.locked_outputs())
    assert not list(finished_project.path.rglob("*.partial*"))


def test_all_scratch_and_data_is_ignored_by_git(finished_project: Project) -> None:
    untracked = finished_project.run("git", "status", "--porcelain", "--untracked-files=all").split("\n")
    kept = {line[3:] for line in untracked if line and not line.endswith(".gitignore")}
    small = {"dvc.lock", "reports/history.csv", "reports/metrics.json", "reports/samples.csv", "reports/scores.csv"}
    assert small <= kept
    assert {path for path in kept if not path.startswith("reports/")} == {"dvc.lock"}


def test_history_has_one_row_for_each_epoch(finished_project: Project) -> None:
    rows = list(csv.DictReader(finished_project.read("reports/history.csv").splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert rows[0].keys() >= LOGGED | {"val_bits_per_char"}


def test_samples_are_of_every_epoch_and_temperature(finished_project: Project) -> None:
    with (finished_project.path / "reports/samples.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["epoch"], row["temperature"]) for row in rows] == [
        (epoch, temperature) for epoch in "12" for temperature in ("0.2", "0.5", "1.0", "1.2")
    ]
    assert {(len(row["prompt"]), len(row["text"])) for row in rows} == {(10, 20)}
    assert all(row["prompt"] in finished_project.read("data/corpus.txt") for row in rows)


def test_models_folder_alone_says_what_the_network_is(finished_project: Project) -> None:
    description = json.loads(finished_project.read("models/network.json"))
    assert description["tokenizer"]["characters"] == "".join(sorted(set(finished_project.read("data/corpus.txt"))))
    assert (description["window_length"], description["settings"]["units"]) == (10, 8)


def test_dvc_shows_metrics(finished_project: Project) -> None:
    shown = json.loads(finished_project.run("dvc", "metrics", "show", "--json"))
    metrics = shown[""]["data"]["reports/metrics.json"]["data"]
    assert metrics == json.loads(finished_project.read("reports/metrics.json"))
    assert metrics["best_epoch"] in (1, 2)
    assert len(metrics) <= 6
    assert max(map(len, finished_project.run("dvc", "metrics", "show").splitlines())) <= 120


def test_dvc_shows_each_plot_once_with_a_colour_for_each_temperature(finished_project: Project) -> None:
    out = finished_project.path.with_name("plots")
    printed = finished_project.run("dvc", "plots", "show", "--out", str(out))
    assert "failed" not in printed
    page = (out / "index.html").read_text(encoding="utf-8")
    titles = re.findall(r'"title": {"text": "([^"]*)"', page)
    assert sorted(titles) == [
        "Entropy of the sampled distributions, by epoch",
        "Loss by epoch",
        "Words that occur in the corpus, by epoch",
    ]
    assert page.count('"field": "temperature"') >= 2
    assert [path.name for path in out.glob("static/*")] == ["workspace_reports_figures_distribution.svg"]


def test_training_run_has_losses_by_epoch(
    finished_project: Project, training: mlflow.entities.Run, store: mlflow.MlflowClient
) -> None:
    rows = list(csv.DictReader(finished_project.read("reports/history.csv").splitlines()))
    for name in LOGGED:
        history = store.get_metric_history(training.info.run_id, name)
        assert {m.step: m.value for m in history} == {int(row["epoch"]): float(row[name]) for row in rows}


def test_training_run_says_where_it_comes_from(finished_project: Project, training: mlflow.entities.Run) -> None:
    tags = training.data.tags
    assert training.info.status == "FINISHED"
    assert tags["fingerprint"] == json.loads(finished_project.read("models/network.json"))["fingerprint"]
    assert tags["mlflow.source.git.commit"] == finished_project.run("git", "rev-parse", "HEAD").strip()
    assert tags["git.dirty"] == "false"
    outputs = finished_project.locked_outputs()
    for path in ("data/raw", "data/corpus.txt", "data/windows"):
        assert tags[f"dvc.lock/{path}"] == outputs[path]


def test_training_run_has_the_parameters_of_the_stages_that_lead_to_it(
    finished_project: Project, training: mlflow.entities.Run
) -> None:
    sections = finished_project.params()
    leading = ("download", "lowercase", "vectorize", "train")
    expected = {f"{section}.{key}" for section in leading for key in sections[section]}
    assert training.data.params.keys() == expected
    assert training.data.params["train.units"] == "8"


def test_training_run_has_the_corpus_as_its_dataset(training: mlflow.entities.Run) -> None:
    assert training.inputs is not None
    (dataset_input,) = training.inputs.dataset_inputs
    assert dataset_input.dataset.name == "corpus"
    assert json.loads(dataset_input.dataset.profile or "") == {"num_characters": 3000}


def test_sampling_is_a_child_of_the_training(
    finished_project: Project, training: mlflow.entities.Run, sampling: mlflow.entities.Run
) -> None:
    assert sampling.data.tags["mlflow.parentRunId"] == training.info.run_id
    params = finished_project.params()
    expected = {f"{stage}.{key}" for stage in ("sample", "evaluate", "report") for key in params[stage]}
    assert sampling.data.params.keys() == expected


def test_sampling_run_has_texts_table_figures_and_report(
    sampling: mlflow.entities.Run, store: mlflow.MlflowClient
) -> None:
    artifacts = {a.path for a in store.list_artifacts(sampling.info.run_id)}
    assert artifacts >= {"samples", "samples.json", "figures", "index.md", "index.html", "metrics.json"}
    texts = {a.path for a in store.list_artifacts(sampling.info.run_id, "samples")}
    assert texts == {"samples/epoch_001.md", "samples/epoch_002.md"}
    for temperature in ("0.2", "0.5", "1.0", "1.2"):
        assert f"real_word_fraction/temperature_{temperature}" in sampling.data.metrics


def test_no_output_mentions_a_run(
    finished_project: Project, training: mlflow.entities.Run, sampling: mlflow.entities.Run
) -> None:
    ids = [run.info.run_id.encode() for run in (training, sampling)]
    for path in finished_project.locked_outputs():
        output = finished_project.path / path
        for file in filter(type(output).is_file, [output, *output.rglob("*")]):
            assert not any(run_id in file.read_bytes() for run_id in ids), file
