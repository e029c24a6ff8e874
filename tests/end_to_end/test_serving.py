"""The registered model: logged once, best by its loss, and answering through a real server."""

import dataclasses
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
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
    command = ["mlflow", "models", "serve", "--model-uri", "models:/zarathustra@best", "--env-manager", "local"]
    address = f"http://127.0.0.1:{port}"
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{project_served.path / 'mlflow.db'}"}
    with serving([*command, "--host", "127.0.0.1", "--port", port], project_served.path, f"{address}/ping", store):
        yield f"{address}/invocations"


def ask(url: str, **request: Any) -> str:
    body = json.dumps({"dataframe_records": [request]}).encode()
    message = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(message, timeout=60) as response:
        (row,) = json.load(response)["predictions"]
    return str(row["text"])


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


def test_a_bad_prompt_is_told(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(url, prompt="ça va?", temperature=1.0, length=5, seed=0)
    assert refused.value.code == 400
    assert "prompt must consist of characters of the corpus" in refused.value.read().decode()


def test_the_model_says_what_it_takes_and_its_example_runs(
    project_served: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project_served.path / 'mlflow.db'}")
    info = mlflow.models.get_model_info("models:/zarathustra@best")
    assert info.signature.inputs.input_names() == ["prompt", "temperature", "length", "seed"]
    assert info.signature.outputs.input_names() == ["text"]
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
