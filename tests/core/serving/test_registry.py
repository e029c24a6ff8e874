"""The version that `zarathustra serve` takes, and what makes a new version."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import sha256_of_file
from stages.core.serving.registry import ROOMS, code_of_model, description, is_whole, require_best
from stages.core.tracking.store import MlflowClient, open_store
from tests.support.project import ROOT, environment

NO_ALIAS = (
    "MLflow: no version of the model zarathustra has the alias 'best'. "
    "Run `dvc repro`, or `zarathustra sync` where its outputs are there."
)


@pytest.fixture
def store(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{shutil.copy(empty_database, tmp_path)}")
    return open_store()


def refusal(store: MlflowClient) -> str:
    with pytest.raises(UserError) as refused:
        require_best(store)
    return str(refused.value)


def test_without_a_model_or_an_alias_the_message_says_what_registers_one(store: MlflowClient, tmp_path: Path) -> None:
    assert refusal(store) == NO_ALIAS
    store.create_registered_model("zarathustra")
    assert refusal(store) == NO_ALIAS
    store.create_model_version("zarathustra", tmp_path.as_uri(), None)
    assert refusal(store) == NO_ALIAS


def damage_nothing(files: Path) -> None:
    """Leave all as it is."""


def remove_all(files: Path) -> None:
    shutil.rmtree(files)


def remove_the_description(files: Path) -> None:
    (files / "MLmodel").unlink()


def swap_the_weights(files: Path) -> None:
    (files / "artifacts" / "models" / "epochs" / "001.weights.h5").write_bytes(b"others")


def remove_the_weights(files: Path) -> None:
    (files / "artifacts" / "models" / "epochs" / "001.weights.h5").unlink()


@pytest.mark.parametrize(
    "damage", [damage_nothing, remove_all, remove_the_description, swap_the_weights, remove_the_weights]
)
def test_a_version_whose_files_are_gone_or_changed_is_refused(
    store: MlflowClient, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    files = tmp_path / "artifacts"
    weights = files / "artifacts" / "models" / "epochs" / "001.weights.h5"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    (files / "MLmodel").touch()
    store.create_registered_model("zarathustra")
    tags = {"weights_sha256": sha256_of_file(weights)}
    store.create_model_version("zarathustra", files.as_uri(), None, tags)
    store.set_registered_model_alias("zarathustra", "best", "1")
    damage(files)
    if damage is damage_nothing:
        assert str(require_best(store).version) == "1"
        return
    assert refusal(store) == (
        f"MLflow: version 1 of the model zarathustra: files are gone from {files.as_uri()}, or have changed. "
        "`zarathustra sync` registers the present outputs again."
    )


@pytest.mark.parametrize("source", [None, "http://127.0.0.1:9/x", "file:///etc", "nonsense:x", "models:/x/1"])
def test_a_version_that_leads_nowhere_is_not_whole(
    store: MlflowClient, empty_database: Path, tmp_path: Path, source: str | None
) -> None:
    store.create_registered_model("zarathustra")
    version = store.create_model_version("zarathustra", tmp_path.as_uri(), None)
    version._source = source
    assert not is_whole(version)


def test_a_version_of_a_person_has_a_description_too(store: MlflowClient, tmp_path: Path) -> None:
    store.create_registered_model("zarathustra")
    version = store.create_model_version("zarathustra", tmp_path.as_uri(), "0" * 32)
    assert description(store, version) == "Version 1 of the model zarathustra: epoch ? of a run that was deleted."


@pytest.mark.parametrize(
    ("name", "is_part"),
    [("serving/served_model.py", True), ("text/tokenizer.py", True), ("kernels/loops.py", True),
     ("report/markdown.py", False), ("serving/registry.py", False)],
)  # fmt: skip
def test_another_version_is_registered_for_a_change_of_the_code_that_the_model_runs(
    tmp_path: Path, name: str, is_part: bool
) -> None:
    core = Path(shutil.copytree(ROOT / "stages" / "core", tmp_path / "core"))
    assert code_of_model(core) == code_of_model()
    with (core / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert (code_of_model(core) != code_of_model()) is is_part


def test_the_rooms_are_all_that_the_model_imports() -> None:
    program = (
        "import sys, stages.core.serving.served_model; from stages.core.networks import table;"
        "[table.stepper_module(kind) for kind in table.NETWORKS]; print(*sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True)
    rooms = {name.split(".")[2] for name in done.stdout.split() if name.startswith("stages.core.")}
    assert rooms == {*ROOMS, "serving"}
