"""A run that was begun before is adopted, and gets what it lacks."""

import dataclasses
import json
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.evaluation.summary import headline
from stages.core.networks.description import NetworkDescription
from stages.core.networks.folder import ModelFolder
from stages.core.networks.table import stepper_module
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.visible import HARMFUL
from stages.core.tables.samples import COLUMNS, samples_csv
from stages.core.tables.scores import scores_csv
from stages.core.text.characters import Characters
from stages.core.tracking import view
from stages.core.tracking.connection import Connection
from stages.core.tracking.outputs import Folders
from stages.core.tracking.sampling_run import SamplingRun
from stages.core.tracking.store import experiment_id, keep_view, tracking_uri
from stages.core.tracking.training_run import TrainingRun
from stages.core.tracking.wrapping import wrapped

FOLDERS = Folders()
TRAINING = {
    "download": {"files": [{"name": "song book.txt", "sources": ["https://bob:secret@example.org/a?token=abc"]}]},
    "train": {"units": 4, "epochs": 2},
}
SAMPLE = {"sample": {"length": 20}}
SCORES: dict[str, Any] = {
    "best_epoch": 2,
    "held_out_bits_per_char": 2.5,
    "best": {"val_bits_per_char": 2.5, "gap_nats_per_char": 0.25},
    "last": {"gap_nats_per_char": 9.0},
    "baseline": {"ngram_4_bits_per_char": 2.25, "ngram_5_bits_per_char": 2.0},
    "temperature": {"0.5": {"repetition": 0.25}},
}


@pytest.fixture
def store(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> mlflow.MlflowClient:
    """An empty store, seen from a git repository with a change that is not committed, with outputs to log."""
    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{shutil.copy(empty_database, tmp_path)}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    Path("stages").mkdir()
    Path("stages/code.py").write_text("ONE = 1\n", encoding="utf-8")
    for command in (["init", "-q"], ["add", "stages"]):
        subprocess.run(["git", *command], check=True)
    subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "-m", "One"], check=True)
    Path("stages/code.py").write_text("ONE = 2\n", encoding="utf-8")
    write_outputs()
    return mlflow.MlflowClient(uri)


def write_outputs() -> None:
    network = NetworkDescription(
        kind="lstm",
        settings={"units": 4, "num_layers": 1},
        tokenizer=Characters(" abc|"),
        window_length=3,
        targets="last",
        carries_state=False,
        num_weights=1,
        fingerprint="0" * 64,
        windows_sha256="1" * 64,
    )
    layout = stepper_module(network.kind).layout(network)
    network = dataclasses.replace(network, num_weights=sum(math.prod(shape) for _, shape in layout.values()))
    for folder in ("models/epochs", "reports/figures"):
        Path(folder).mkdir(parents=True)
    ModelFolder(FOLDERS.models).write_description(network)
    rows = [(epoch, t, "abc", "ab " * 60, 0.5) for epoch in (1, 2) for t in (0.5, 1e16)]
    samples = pd.DataFrame(rows, columns=["epoch", "temperature", "prompt", "text", "entropy_nats"])
    Path("reports/samples.csv").write_text(samples_csv(samples), encoding="utf-8")
    write_scores([0.25, float("nan")])
    for name, numbers in (("metrics.json", headline(SCORES)), ("scores.json", SCORES)):
        Path("reports", name).write_text(json.dumps(numbers), encoding="utf-8")
    for name in ("samples.md", "prompt.csv", "index.md", "index.html", "figures/loss.svg", "history.csv"):
        Path("reports", name).write_text(name, encoding="utf-8")


def write_scores(repetition: list[float]) -> None:
    table = pd.DataFrame({"epoch": [1, 2], "temperature": [0.5] * 2, "repetition": repetition})
    Path("reports/scores.csv").write_text(scores_csv(table), encoding="utf-8")


def sample(*more: str, **parameters: Any) -> None:
    SamplingRun(Connection(required=True)).log(["sample", *more], FOLDERS, SAMPLE | parameters)


def train(num_epochs: int = 2) -> None:
    run = TrainingRun(Connection(required=True))
    run.start(ModelFolder(FOLDERS.models).description(), 1000, TRAINING)
    for epoch in range(1, num_epochs + 1):
        run.log_epoch({"epoch": epoch, "val_loss_nats_per_char": 1.5, "val_bits_per_char": 2.5})
    run.finish()


def runs(store: mlflow.MlflowClient) -> list[mlflow.entities.Run]:
    return list(store.search_runs([e.experiment_id for e in store.search_experiments()]))


def only_run(store: mlflow.MlflowClient) -> mlflow.entities.Run:
    (run,) = runs(store)
    return run


def artifact(run: mlflow.entities.Run, name: str | Path) -> Path:
    return Path(run.info.artifact_uri.removeprefix("file://"), name)


def values(store: mlflow.MlflowClient, name: str) -> list[list[str]]:
    history = store.get_metric_history(only_run(store).info.run_id, name)
    return [[str(m.value) for m in history if m.step == step] for step in (1, 2)]


def test_scores_are_completed_and_corrected(store: mlflow.MlflowClient) -> None:
    sample()
    sample("evaluate")
    sample("evaluate")
    assert values(store, "repetition/temperature_0.5") == [["0.25"], ["nan"]]
    run = TrainingRun(Connection(required=True))
    run._log_metrics(only_run(store).info.run_id, {("repetition/temperature_0.5", 1): 0.5})
    assert values(store, "repetition/temperature_0.5") == [["0.25", "0.5"], ["nan"]]


def test_the_difference_is_logged_once_and_again_if_it_is_missing(store: mlflow.MlflowClient) -> None:
    for _ in range(2):
        sample()
        patch = artifact(only_run(store), "uncommitted.diff")
        assert "+ONE = 2" in patch.read_text(encoding="utf-8")
        patch.unlink()


def test_an_evaluation_with_other_parameters_or_another_result_is_a_run_of_its_own(store: mlflow.MlflowClient) -> None:
    for score_length, repetition in ((100, 1.0), (100, 1.0), (50, 1.0), (50, 2.0), (100, 1.0)):
        write_scores([repetition, 0.0])
        sample()
        sample("evaluate", evaluate={"score_length": score_length})
    logged = [
        (run.data.params["evaluate.score_length"], artifact(run, "scores.csv").read_text("utf-8").splitlines()[1])
        for run in runs(store)
    ]
    assert sorted(logged) == [("100", "1,0.5,1.0"), ("50", "1,0.5,1.0"), ("50", "1,0.5,2.0")]


def test_a_run_that_is_only_completed_keeps_its_duration(store: mlflow.MlflowClient) -> None:
    sample()
    before = only_run(store).info
    sample("evaluate")
    after = only_run(store).info
    assert (after.status, after.end_time) == ("FINISHED", before.end_time)


def test_a_database_is_beside_the_project_even_where_a_temporary_experiment_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    for uri in ("", "sqlite:///mlflow.db", f"sqlite:///{tmp_path}/mlflow.db"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        assert tracking_uri() == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert tracking_uri() == "http://127.0.0.1:5000"


def test_artifacts_are_beside_the_project_for_every_database(
    store: mlflow.MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    experiment = store.get_experiment(experiment_id(store))
    assert experiment.artifact_location == (tmp_path / "mlruns").as_uri()


def test_a_run_that_fails_is_marked_so_and_finished_when_the_work_resumes(store: mlflow.MlflowClient) -> None:
    figures = Path("reports/figures")
    kept = figures.rename("kept")
    with pytest.raises(UserError, match=r"reports/figures"):
        sample("evaluate", "report")
    assert only_run(store).info.status == "FAILED"
    kept.rename(figures)
    sample("evaluate", "report")
    assert only_run(store).info.status == "FINISHED"


def test_a_finished_run_stays_finished_when_completing_it_fails(store: mlflow.MlflowClient) -> None:
    sample()
    Path("reports/metrics.json").unlink()
    with pytest.raises(UserError, match=r"reports/metrics\.json"):
        sample("evaluate")
    assert [run.info.status for run in runs(store)] == ["FINISHED"]


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "KILLED"), (ZeroDivisionError, "FAILED")])
def test_a_training_that_ends_early_is_marked_so(
    store: mlflow.MlflowClient, error: type[BaseException], status: str
) -> None:
    run = TrainingRun(Connection(required=True))
    run.start(ModelFolder(FOLDERS.models).description(), 1000, TRAINING)
    with pytest.raises(error), run.ended_early():
        raise error
    assert only_run(store).info.status == status
    train()
    assert only_run(store).info.status == "FINISHED"


def test_the_training_run_shows_what_runs_are_compared_by(store: mlflow.MlflowClient) -> None:
    train()
    sample("evaluate")
    (training,) = [run for run in runs(store) if run.data.tags["kind"] == "training"]
    assert training.info.run_name == "song-book-lstm4-last-epochs2-00000000"
    assert {name: value for name, value in training.data.metrics.items() if name != "val_loss_nats_per_char"} == {
        "best_epoch": 2,
        "held_out_bits_per_char": 2.5,
        "bits_beside_ngram": 0.5,
        "gap_bits_per_char": pytest.approx(0.25 / math.log(2)),
    }
    description = training.data.tags["mlflow.note.content"]
    result, what, *rest = description.splitlines()
    assert result == (
        "2.500 bits per character on held-out text, after epoch 2, the best; 0.500 more than an n-gram model."
    )
    assert re.fullmatch(
        r"\*\*LSTM\*\* \(num_layers 1, units 4; \d+ weights\), trained for 2 epochs on `song book\.txt` "
        r"\(1,000 characters\)\.",
        what,
    )
    assert "abc|ab ab" in description
    assert max(len(line.rstrip()) for line in rest) <= 80
    sample("evaluate", evaluate={"score_length": 50})  # a second result takes the place of the first
    assert store.get_run(training.info.run_id).data.tags["mlflow.note.content"] == description
    table = json.loads(artifact(training, "samples.json").read_text(encoding="utf-8"))
    assert table["columns"] == ["sample", "text", "prompt"]
    assert [row[0] for row in table["data"]] == [
        f"epoch 00{epoch}, temperature {t}" for epoch in (1, 2) for t in ("0.5", "1e+16")
    ]
    assert json.loads(training.data.tags["mlflow.loggedArtifacts"]) == [{"path": "samples.json", "type": "table"}]


def test_runs_of_an_experiment_say_text_network_targets_epochs_and_its_name(
    store: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "iliac-trug")
    train()
    sample("evaluate", evaluate={"score_length": 100})
    monkeypatch.setenv("DVC_EXP_NAME", "other-word")
    sample("evaluate", evaluate={"score_length": 50})
    first, second, third = sorted(str(run.info.run_name) for run in runs(store))
    assert first == "song-book-lstm4-last-epochs2-iliac-trug"
    assert re.fullmatch(f"{first}-samples-[0-9a-f]{{8}}", second)
    assert third == f"{first}-samples-other-word"


def test_a_store_of_an_earlier_release_gets_the_view_that_make_ui_opens(store: mlflow.MlflowClient) -> None:
    earlier = store.create_experiment("earlier")
    for _ in range(2):
        keep_view(store, earlier)
    assert store.get_experiment(earlier).tags == {view.TAG: view.shared_view()}
    train()
    sample("evaluate")
    experiment = store.get_experiment(experiment_id(store))
    assert experiment.tags[view.TAG] == view.shared_view()
    (training,) = [run for run in runs(store) if run.data.tags["kind"] == "training"]
    assert set(view.COLUMNS) <= set(training.data.metrics)


def test_no_number_is_logged_under_two_names(store: mlflow.MlflowClient) -> None:
    train()
    sample("evaluate", "report")
    assert {run.data.tags["kind"]: sorted(run.data.metrics) for run in runs(store)} == {
        "training": [
            *("best_epoch", "bits_beside_ngram", "gap_bits_per_char", "held_out_bits_per_char"),
            "val_loss_nats_per_char",
        ],
        "sampling": ["entropy_bits/temperature_0.5", "entropy_bits/temperature_1e16", "repetition/temperature_0.5"],
    }


def test_texts_for_people_show_what_cannot_be_seen(store: mlflow.MlflowClient) -> None:
    samples = pd.DataFrame([(2, 0.5, "a\x1b[31m", "b\u202e" * 60, 0.5)], columns=COLUMNS)
    Path("reports/samples.csv").write_text(samples_csv(samples), encoding="utf-8")
    train()
    sample("evaluate")
    for run in runs(store):
        shown = [artifact(run, name).read_text(encoding="utf-8") for name in ("samples.json", "samples/epoch_002.md")]
        shown.append(run.data.tags["mlflow.note.content"])
        assert [HARMFUL.findall(text) for text in shown] == [[], [], []]
        assert all("[31m" in text for text in shown)


@given(st.text(st.sampled_from("ab \n"), max_size=300), st.text(st.sampled_from("ab \t\n"), max_size=300))
def test_lines_are_wrapped_and_lose_nothing(prompt: str, text: str) -> None:
    samples = pd.DataFrame({"prompt": [prompt], "text": [text]})
    (row,) = wrapped(samples).to_dict("records")
    lines = f"{row['prompt']}|{row['text']}".split("\n")
    assert max(len(line.rstrip(" ")) for line in lines) <= 81  # the bar may end a full line
    for before, after in ((prompt, row["prompt"]), (text, row["text"])):
        assert after.replace("\n", "") == before.replace("\n", "")
        assert after.count("\n") >= before.count("\n")


def test_lines_break_after_a_space() -> None:
    (row,) = wrapped(pd.DataFrame({"prompt": ["a prompt"], "text": [" word" * 99]})).to_dict("records")
    first, *others = row["text"].split("\n")
    assert first.startswith(" word") and all(line.startswith("word") for line in others) and len(others) > 3


def test_samples_are_texts_of_the_training_run_too(store: mlflow.MlflowClient) -> None:
    train()
    sample("evaluate")
    for run in runs(store):
        text = artifact(run, "samples/epoch_001.md").read_text(encoding="utf-8")
        assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
        assert text.startswith("# Samples\n") and "## Epoch 1" in text and "## Epoch 2" not in text


def test_passwords_are_masked_in_what_is_logged(store: mlflow.MlflowClient) -> None:
    train()
    logged = only_run(store).data
    assert json.loads(logged.params["download.files"])[0]["sources"] == ["https://***@example.org/a?token=***"]
    assert "secret" not in str(logged)


def test_read_only_files_can_be_logged_twice(store: mlflow.MlflowClient) -> None:
    Path("cache").mkdir()
    for name in ("reports/history.csv", "models/epochs/001.weights.h5"):
        cached = Path("cache", Path(name).name)
        cached.write_text("from the cache", encoding="utf-8")
        cached.chmod(0o444)
        Path(name).unlink(missing_ok=True)
        Path(name).symlink_to(cached.absolute())
    train()
    train()
    for name in ("history.csv", "models/epochs/001.weights.h5", "models/network.json"):
        logged = artifact(only_run(store), name)
        assert logged.stat().st_mode & 0o200 and not logged.is_symlink()
    assert artifact(only_run(store), "history.csv").read_text(encoding="utf-8") == "from the cache"
