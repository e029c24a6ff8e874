"""The registry of models: the best epoch of each training, and the alias of the best of all on the same data."""

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import stages
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import sha256_of, sha256_of_file
from stages.core.tables.history import NATS_TO_BITS
from stages.core.tracking.connection import Connection
from stages.core.tracking.describing import headline, name_of_model
from stages.core.tracking.run import DESCRIPTION
from stages.core.tracking.store import (
    MlflowClient,
    MlflowException,
    ModelVersion,
    Run,
    mlflow,
    store_uri,
)
from stages.core.tracking.training_run import TrainingRun

NAME = "zarathustra"
ALIAS = "best"
PACKAGES = ("h5py", "mlflow", "numba", "numpy", "pandas")  # that the model imports
ROOMS = ("generation", "kernels", "networks", "pipeline", "text")  # of stages/core, that it imports too
EXAMPLE = {"prompt": "", "temperature": 0.5, "length": 40, "seed": 1}
DESCRIPTION_OF_ALL = (
    "Continues a prompt in the manner of its corpus. Each version is the best epoch of one training. "
    f"The alias `{ALIAS}` marks the version with the fewest held-out bits on the same data; `make serve` runs it."
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The weights of the best epoch of a training."""

    models: ModelFolder
    epoch: int
    bits_per_char: float  # on held-out text

    def tags(self) -> dict[str, str]:
        """Return what a version of the registered model says of itself."""
        return {
            "weights_sha256": sha256_of_file(self.models.weights_path(self.epoch)),
            "windows_sha256": self.models.description().windows_sha256,
            "bits_per_char": repr(self.bits_per_char),
            "epoch": str(self.epoch),
            "code_sha256": code_of_model(),
        }


def code_of_model(core: Path = Path(stages.__file__).parent / "core") -> str:
    """Return the hash of the code that the model runs; unlike that of a stage, with its messages and checks."""
    files = [core / "serving" / "served_model.py", *(file for room in ROOMS for file in (core / room).rglob("*.py"))]
    return sha256_of(*(file.read_bytes() for file in sorted(files)))


def register_best(
    connection: Connection, models: Path, metrics: Mapping[str, Any], *, takes_alias: bool = False
) -> None:
    """Register the best epoch of a training; say which version it is, and whether the alias moved and why.

    Args:
        connection: to the store.
        models: folder of the weights.
        metrics: content of reports/metrics.json or scores.json.
        takes_alias: give it the alias even if another version is better, or of another corpus.
    """
    folder, bits = ModelFolder(models), headline(metrics)["held_out_bits_per_char"]
    candidate = Candidate(models=folder, epoch=metrics["best_epoch"], bits_per_char=bits)
    with connection.tolerate_errors():
        training = TrainingRun(connection).find(folder.description().fingerprint)
        if training is not None:
            register(connection.client, training, candidate, takes_alias=takes_alias)


def register(store: MlflowClient, training: Run, candidate: Candidate, *, takes_alias: bool = False) -> None:
    """Register weights with the code that runs them, unless they are; move the alias to them if they are better.

    Args:
        store: where.
        training: run that the model is logged with.
        candidate: the weights.
        takes_alias: move the alias in any case.
    """
    tags = candidate.tags()
    if not store.search_registered_models(f"name = '{NAME}'"):
        store.create_registered_model(NAME, description=DESCRIPTION_OF_ALL)
    known = store.search_model_versions(f"name = '{NAME}'")
    # people may have added tags
    mine = next((v for v in known if _is(v.tags, tags) and is_whole(v)), None) or _log_model(
        store, training, candidate, tags
    )
    number = str(store.get_registered_model(NAME).aliases.get(ALIAS, ""))
    holder = next((v for v in known if str(v.version) == number and is_whole(v)), None)
    said = f"models:/{NAME}: epoch {candidate.epoch} is version {mine.version}"
    why_not = None if holder is None or takes_alias else _why_not(tags, holder.tags)
    if number == str(mine.version):
        logger.info("%s, which has the alias %r.", said, ALIAS)
    elif why_not is None:
        store.set_registered_model_alias(NAME, ALIAS, str(mine.version))
        logger.info("%s, which now has the alias %r.", said, ALIAS)
    else:
        logger.info(
            "%s. The alias %r stays at version %s: %s. `zarathustra sync --best` moves it.",
            *(said, ALIAS, number, why_not),
        )


def _why_not(tags: Mapping[str, str], holder: Mapping[str, str]) -> str | None:
    """Return why the alias stays; None if it moves: to fewer bits on the same data, or to newer code."""
    if tags["windows_sha256"] != holder.get("windows_sha256"):
        return "that one was trained on another corpus, or on other windows of it"
    if tags["weights_sha256"] == holder.get("weights_sha256"):
        return None
    bits, mine = _bits_of(holder), _bits_of(tags)
    return f"it has {bits:.4f} bits per character, this one has {mine:.4f}" if bits <= mine else None


def _bits_of(tags: Mapping[str, str]) -> float:
    """Return the bits per character of a version; release 0.1.0 noted them in nats, a person perhaps not at all."""
    bits, nats = tags.get("bits_per_char"), tags.get("val_loss_nats_per_char", "inf")
    return float(bits or float(nats) * NATS_TO_BITS)


def require_best(store: MlflowClient) -> ModelVersion:
    """Return the version that has the alias.

    Raises:
        UserError: there is none, or its files are gone.
    """
    versions = store.search_model_versions(f"name = '{NAME}'")
    number = str(store.get_registered_model(NAME).aliases.get(ALIAS, "")) if versions else ""
    version = next((v for v in versions if str(v.version) == number), None)
    if version is None:
        raise UserError(
            f"MLflow: no version of the model {NAME} has the alias {ALIAS!r}. "
            "Run `dvc repro`, or `zarathustra sync` where its outputs are there."
        )
    if not is_whole(version):
        raise UserError(
            f"MLflow: version {number} of the model {NAME}: files are gone from {version.source}, or have changed. "
            "`zarathustra sync` registers the present outputs again."
        )
    return version


def description(store: MlflowClient, version: ModelVersion) -> str:
    """Return in a sentence which weights a version holds; the name of their run says which text they learned."""
    try:
        run = str(store.get_run(version.run_id or "").info.run_name)
    except MlflowException:
        run = "a run that was deleted"
    return f"Version {version.version} of the model {version.name}: epoch {version.tags.get('epoch', '?')} of {run}."


def is_whole(version: ModelVersion) -> bool:
    """Tell whether the files of a version are there, and its weights are those that it was registered with."""
    try:
        files = mlflow.artifacts.list_artifacts(artifact_uri=version.source, tracking_uri=store_uri())
        if "MLmodel" not in {Path(file.path).name for file in files}:
            return False
        expected = version.tags.get("weights_sha256")  # a person may have registered it
        return expected is None or expected == _sha256_of_weights(str(version.source))
    except (MlflowException, OSError, ValueError):
        return False


def _sha256_of_weights(source: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        uri = f"{source}/artifacts/models/epochs"
        epochs = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder, tracking_uri=store_uri())
        (weights,) = Path(epochs).iterdir()
        return sha256_of_file(weights)


def _is(found: dict[str, str], tags: dict[str, str]) -> bool:
    return tags.items() <= found.items()


def _log_model(store: MlflowClient, training: Run, candidate: Candidate, tags: dict[str, str]) -> ModelVersion:
    """Log a model that runs from its own copy of the code; return its version."""
    from stages.core.serving import served_model  # what MLflow needs for it takes a second to import

    package = Path(stages.__file__).parent
    with tempfile.TemporaryDirectory() as name, _fluent(store, training):
        models = ModelFolder(Path(name) / "models")
        weights = models.weights_path(candidate.epoch)
        weights.parent.mkdir(parents=True)
        shutil.copyfile(candidate.models.weights_path(candidate.epoch), weights)
        shutil.copyfile(candidate.models.path / "network.json", models.path / "network.json")
        code = Path(name) / "stages"
        shutil.copytree(package, code, ignore=shutil.ignore_patterns("__pycache__"))
        info = mlflow.pyfunc.log_model(
            name=name_of_model(str(training.info.run_name), candidate.epoch),
            python_model=str(code / Path(served_model.__file__).relative_to(package)),
            artifacts={"models": str(models.path)},
            code_paths=[str(code)],
            pip_requirements=[f"{package}=={version(package)}" for package in PACKAGES],
            input_example=[EXAMPLE],
        )
    # not by log_model itself, which prints as it registers
    source = store.get_logged_model(info.model_id).artifact_location
    described = training.data.tags.get(DESCRIPTION)
    run_id = training.info.run_id
    made = store.create_model_version(NAME, source, run_id, tags, description=described, model_id=info.model_id)
    # without it the page of the model says that it is not registered
    store.set_logged_model_tags(
        info.model_id, {"mlflow.modelVersions": json.dumps([{"name": NAME, "version": made.version}])}
    )
    return made


@contextmanager
def _fluent(store: MlflowClient, run: Run) -> Iterator[None]:
    """Let the part of MLflow that works on global state see our store and one run, whose end stays as it was."""
    mlflow.set_tracking_uri(store_uri())
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    before = run.info
    with mlflow.start_run(run_id=before.run_id):
        yield
    if before.end_time is None:
        store.update_run(before.run_id, before.status)
    else:
        store.set_terminated(before.run_id, before.status, before.end_time)
