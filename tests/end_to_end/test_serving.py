"""The registered model: logged once, best by its loss, and answering through a real server."""

import dataclasses
import json
import shutil
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mlflow
import pytest

from stages.core.networks.folder import ModelFolder
from stages.core.serving.registry import Candidate, register
from stages.core.tracking.store import open_store
from tests.support.project import Project
from tests.support.servers import free_port, serving


@pytest.fixture(scope="module")
def project_served(finished_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished project of the module's own, whose store was made from its outputs."""
    project = finished_project.copy(tmp_path_factory.mktemp("served"))
    (project.path / "mlflow.db").unlink()
    project.run("python", "-m", "stages.cli.main", "sync")
    return project


@pytest.fixture(scope="module")
def url(project_served: Project) -> Iterator[str]:
    """Where the best model answers."""
    port = str(free_port())
    command = ["python", "-m", "stages.cli.main", "serve", "--port", port]
    address = f"http://127.0.0.1:{port}"
    with serving(command, project_served.path, f"{address}/ping"):
        yield f"{address}/invocations"


def ask(url: str, **request: Any) -> str:
    (text,) = ask_for(url, [request])
    return text


def ask_for(url: str, requests: list[dict[str, Any]]) -> list[str]:
    body = json.dumps({"inputs": requests}).encode()
    message = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(message, timeout=90) as response:
        return [row["text"] for row in json.load(response)["predictions"]]


def refusal(url: str, requests: list[dict[str, Any]]) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask_for(url, requests)
    return refused.value.code, json.load(refused.value)["message"]


def said(message: str) -> str:
    """What the model says; MLflow writes the requests before it."""
    return message.rpartition("\nError: ")[2]


def versions(project: Project) -> list[Any]:
    store = mlflow.MlflowClient(f"sqlite:///{project.path / 'mlflow.db'}")
    return list(store.search_model_versions("name = 'zarathustra'"))


def test_same_seed_same_text_as_the_command_gives(project_served: Project, url: str) -> None:
    request = {"prompt": "ada climbs down", "temperature": 0.8, "length": 30, "seed": 4}
    text = ask(url, **request)
    assert len(text) == 30
    assert text == ask(url, **request)
    assert text != ask(url, **request | {"seed": 5})
    options = (f"--{key}={value}" for key, value in request.items())
    printed = project_served.run("python", "-m", "stages.cli.main", "generate", *options)
    assert printed.splitlines()[-1] == f"ada climbs down{text}"


def test_what_is_left_out_has_a_default(url: str) -> None:
    assert len(ask(url, prompt="ada")) == 200


def test_requests_side_by_side_have_their_own_defaults(url: str) -> None:
    texts = ask_for(url, [{"prompt": "ada"}, {"prompt": "ada", "length": 5}, {"length": 7, "temperature": 1}])
    assert [len(text) for text in texts] == [200, 5, 7]


RULES = {
    "length": "must be an integer from 1 to 100000. Received: ",
    "seed": "must be an integer from 0 to 4294967295. Received: ",
    "temperature": "must be a number >= 0 (0 is greedy, .inf is uniform). Received: ",
    "prompt": "must be text. Received: ",
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("length", 2.5), ("length", True), ("length", "5"), ("length", 0), ("length", None), ("length", 100_001),
        ("seed", -1), ("seed", 2**32), ("seed", False),
        ("temperature", -0.5), ("temperature", float("nan")), ("temperature", "0.5"), ("temperature", True),
        ("prompt", None), ("prompt", 7), ("prompt", ["ada"]),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_refused_not_converted(url: str, key: str, value: Any) -> None:
    status, message = refusal(url, [{"length": 1}, {key: value}])
    assert (status, said(message)) == (400, f"inputs[1].{key} {RULES[key]}{value!r}.")


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([{"promt": "ada"}], "inputs[0]: 'promt' is not a known key. "
            "Known: prompt, temperature, length, seed. Correct it."),
        ([{"length": 60_000}] * 2, "One call takes at most 100000 tokens. Received: 120000. Ask for less at a time."),
        ([{"length": 1}] * 1001, "One call takes at most 1000 requests. Received: 1001. Ask for less at a time."),
        ([{"prompt": "a" * 60_000, "length": 1}] * 2,
            "One call takes at most 100000 characters of prompts. Received: 120000. Ask for less at a time."),
        ([{"length": 1}, {"prompt": "ça"}], "inputs[1].prompt must consist of characters of the corpus. "
            "Received: 'ça', with 'ç'. Remove or replace them."),
    ],
)  # fmt: skip
def test_what_is_unknown_or_too_much_is_refused(url: str, requests: list[dict[str, Any]], expected: str) -> None:
    status, message = refusal(url, requests)
    assert (status, said(message)) == (400, expected)


@pytest.mark.parametrize("prompt", ["na", ""])
def test_no_prompt_is_read_as_a_missing_value(url: str, prompt: str) -> None:
    assert len(ask(url, prompt=prompt, length=5)) == 5


def test_a_table_is_refused_because_a_prompt_in_it_may_read_as_missing(url: str) -> None:
    body = b"prompt,length\nada,5\nNA,5\n"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "text/csv"}), timeout=60)
    assert (refused.value.code, refused.value.read()) == (415, b'Send JSON with "Content-Type: application/json".\n')


def test_the_server_says_which_version_answers(url: str, project_served: Project) -> None:
    (training,) = project_served.runs("training")
    first, second = project_served.path.with_name("server.log").read_text(encoding="utf-8").splitlines()[:2]
    assert first == (
        f"Version 1 of the model zarathustra: epoch {versions(project_served)[0].tags['epoch']} "
        f"of {training.info.run_name}. Loading it takes some seconds."
    )
    assert second == f"It answers at {url}. Ctrl-C ends it."


def test_ctrl_c_ends_a_server_that_is_at_work(project_served: Project) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = ["python", "-m", "stages.cli.main", "serve", "--port", str(port)]
    with serving(command, project_served.path, f"{address}/ping") as process, ThreadPoolExecutor() as pool:
        answer = pool.submit(refusal, f"{address}/invocations", [{"length": 100_000}])
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        status, message = answer.result()
        assert (status, said(message)) == (503, "The server ends, or the client has gone.")
        process.wait()


def test_the_model_has_an_example_of_what_it_takes(project_served: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project_served.path / 'mlflow.db'}")
    info = mlflow.models.get_model_info("models:/zarathustra@best")
    assert info.saved_input_example_info is not None
    (registered,) = json.loads(mlflow.get_logged_model(info.model_id).tags["mlflow.modelVersions"])
    assert (registered["name"], int(registered["version"])) == ("zarathustra", 1)


def test_registering_again_adds_nothing(project_served: Project) -> None:
    (first,) = versions(project_served)
    project_served.run("python", "-m", "stages.cli.main", "sync")
    assert [v.version for v in versions(project_served)] == [first.version]


def test_a_tag_that_a_person_adds_does_not_make_another_version(
    project_served: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project_served.path / 'mlflow.db'}")
    (first,) = versions(project_served)
    open_store().set_model_version_tag("zarathustra", first.version, "looked at", "yes")
    project_served.run("python", "-m", "stages.cli.main", "sync")
    assert [v.version for v in versions(project_served)] == [first.version]
    open_store().delete_model_version_tag("zarathustra", first.version, "looked at")


def test_logging_a_model_leaves_the_end_of_its_run(project_served: Project) -> None:
    """What registers is not training: the run took as long as it did before."""
    (training,) = project_served.runs("training")
    (sampling,) = project_served.runs("sampling")
    assert training.info.status == "FINISHED"
    assert training.info.end_time <= sampling.info.start_time


def test_the_alias_goes_to_the_code_of_today(project_served: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project_served.path / 'mlflow.db'}")
    store = open_store()
    (today,) = versions(project_served)
    old_tags = today.tags | {"code_sha256": "0" * 64}
    old = store.create_model_version("zarathustra", today.source, today.run_id, old_tags)
    store.set_registered_model_alias("zarathustra", "best", old.version)
    project_served.run("python", "-m", "stages.cli.main", "sync")
    assert store.get_model_version_by_alias("zarathustra", "best").version == today.version
    store.delete_model_version("zarathustra", old.version)


def test_the_alias_goes_to_fewer_bits_on_the_same_data_and_says_so(
    project_served: Project,
    empty_database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "stages")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{shutil.copy(empty_database, tmp_path)}")
    monkeypatch.chdir(tmp_path)
    store = open_store()
    training = store.create_run(
        store.create_experiment("one", (tmp_path / "artifacts").as_uri()), run_name="text-lstm8"
    )
    elsewhere = ModelFolder(Path(shutil.copytree(project_served.path / "models", tmp_path / "models")))
    on_other_data = dataclasses.replace(elsewhere.description(), windows_sha256="0" * 64)
    said = []
    for epoch, bits, other, takes_alias in (
        (1, 2.0, False, False), (2, 2.5, False, False), (2, 1.9, True, False), (2, 1.8, False, False),
        (2, 1.9, True, False), (2, 1.9, True, True),
    ):  # fmt: skip
        if other:
            elsewhere.write_description(on_other_data)
        models = elsewhere if other else ModelFolder(project_served.path / "models")
        candidate = Candidate(models=models, epoch=epoch, bits_per_char=bits)
        register(store, training, candidate, takes_alias=takes_alias)
        said.append(caplog.messages[-1].removeprefix("models:/zarathustra: "))
    corpus = "that one was trained on another corpus, or on other windows of it. `zarathustra sync --best` moves it."
    assert said == [
        "epoch 1 is version 1, which now has the alias 'best'.",
        "epoch 2 is version 2. The alias 'best' stays at version 1: it has 2.0000 bits per character, this one has "
        "2.5000. `zarathustra sync --best` moves it.",
        f"epoch 2 is version 3. The alias 'best' stays at version 1: {corpus}",
        "epoch 2 is version 4, which now has the alias 'best'.",
        f"epoch 2 is version 3. The alias 'best' stays at version 4: {corpus}",
        "epoch 2 is version 3, which now has the alias 'best'.",
    ]
    shutil.rmtree(tmp_path / "artifacts")
    register(store, training, Candidate(models=ModelFolder(project_served.path / "models"), epoch=1, bits_per_char=2.0))
    assert caplog.messages[-1] == "models:/zarathustra: epoch 1 is version 5, which now has the alias 'best'."
