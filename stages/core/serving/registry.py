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
from stages.core.pipeline.code import code_hash
from stages.core.pipeline.files import sha256_of_file
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
EXAMPLE = {"prompt": "", "temperature": 0.5, "length": 40, "seed": 1}
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
            "code_sha256": code_hash("stages.core.serving.served_model"),
        }


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
        store.create_registered_model(NAME, description="Continues a prompt in the manner of its corpus.")
    known = store.search_model_versions(f"name = '{NAME}'")
    # people may have added tags
    mine = next((v for v in known if _is(v.tags, tags) and _is_loadable(v)), None) or _log_model(
        store, training, candidate, tags
    )
    number = str(store.get_registered_model(NAME).aliases.get(ALIAS, ""))
    holder = next((v for v in known if str(v.version) == number and _is_loadable(v)), None)
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
    if tags["weights_sha256"] == holder.get("weights_sha256"):
        return None
    if tags["windows_sha256"] != holder.get("windows_sha256"):
        return "that one was trained on another corpus, or on other windows of it"
    bits, mine = _bits_of(holder), _bits_of(tags)
    return f"it has {bits:.4f} bits per character, this one has {mine:.4f}" if bits <= mine else None


def _bits_of(tags: Mapping[str, str]) -> float:
    """Return the bits per character of a version; release 0.1.0 noted them in nats."""
    return float(tags.get("bits_per_char") or float(tags["val_loss_nats_per_char"]) * NATS_TO_BITS)


def _is_loadable(version: ModelVersion) -> bool:
    """Tell whether the files of a version are still there."""
    try:
        return bool(mlflow.artifacts.list_artifacts(artifact_uri=version.source, tracking_uri=store_uri()))
    except (MlflowException, OSError):
        return False


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
            signature=_signature(),
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


def _signature() -> "mlflow.models.ModelSignature":
    from mlflow.types.schema import ColSpec, Schema

    types = {"prompt": "string", "temperature": "double", "length": "long", "seed": "long"}
    inputs = Schema([ColSpec(kind, name, required=False) for name, kind in types.items()])
    return mlflow.models.ModelSignature(inputs, Schema([ColSpec("string", "text")]))


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
