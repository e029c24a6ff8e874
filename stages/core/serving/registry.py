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
from stages.core.tracking.run import TrackedRun
from stages.core.tracking.store import MlflowClient, ModelVersion, mlflow, tracking_uri

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
    val_loss_nats_per_char: float

    def tags(self) -> dict[str, str]:
        """Return what a version of the registered model has to say of itself."""
        return {
            "weights_sha256": sha256_of_file(self.models.weights_path(self.epoch)),
            "windows_sha256": self.models.description().windows_sha256,
            "val_loss_nats_per_char": repr(self.val_loss_nats_per_char),
            "epoch": str(self.epoch),
            "code_sha256": code_hash("stages.core.serving.served_model"),
        }


def register_best(run: TrackedRun, models: ModelFolder, metrics: Mapping[str, Any]) -> None:
    """Register the best epoch of a training, as far as the store can be reached.

    Args:
        run: anything that is connected to the store.
        models: the folder of the weights.
        metrics: what reports/metrics.json holds.
    """
    loss = metrics["best"]["val_loss_nats_per_char"]
    candidate = Candidate(models=models, epoch=metrics["best_epoch"], val_loss_nats_per_char=loss)
    run.with_training(models.description().fingerprint, lambda store, run_id: register(store, run_id, candidate))


def register(store: MlflowClient, run_id: str, candidate: Candidate) -> None:
    """Register weights with the code that runs them, unless they are; give them the alias if they succeed its holder.

    Args:
        store: where.
        run_id: of the training, which the model is logged with.
        candidate: the weights.
    """
    tags = candidate.tags()
    if not store.search_registered_models(f"name = '{NAME}'"):
        store.create_registered_model(NAME, description="Continues a prompt in the manner of the corpus.")
    known = store.search_model_versions(f"name = '{NAME}'")
    mine = next((v for v in known if _is(v.tags, tags)), None)  # a person may have added tags
    if mine is None:
        mine = _log_model(store, run_id, candidate, tags)
    aliases = store.get_registered_model(NAME).aliases
    holder = next((v for v in known if ALIAS in aliases and str(v.version) == str(aliases[ALIAS])), None)
    if holder is None or _succeeds(tags, holder.tags):
        store.set_registered_model_alias(NAME, ALIAS, str(mine.version))
        logger.info("models:/%s@%s is version %s now.", NAME, ALIAS, mine.version)


def _succeeds(tags: dict[str, str], holder: dict[str, str]) -> bool:
    """Tell whether the alias moves: to a lower loss on the same data, or to other code for the same weights."""
    if tags["weights_sha256"] == holder.get("weights_sha256"):
        return not _is(holder, tags)
    same_data = tags["windows_sha256"] == holder.get("windows_sha256")
    return same_data and float(tags["val_loss_nats_per_char"]) < float(holder["val_loss_nats_per_char"])


def _is(found: dict[str, str], tags: dict[str, str]) -> bool:
    return tags.items() <= found.items()


def _log_model(store: MlflowClient, run_id: str, candidate: Candidate, tags: dict[str, str]) -> ModelVersion:
    """Log a model that runs from its own copy of the code; return its version."""
    from stages.core.serving import served_model  # what MLflow needs for it takes a second to import

    package = Path(stages.__file__).parent
    with tempfile.TemporaryDirectory() as name, _fluent(store, run_id):
        models = ModelFolder(Path(name) / "models")
        weights = models.weights_path(candidate.epoch)
        weights.parent.mkdir(parents=True)
        shutil.copyfile(candidate.models.weights_path(candidate.epoch), weights)
        shutil.copyfile(candidate.models.path / "network.json", models.path / "network.json")
        code = Path(name) / "stages"
        shutil.copytree(package, code, ignore=shutil.ignore_patterns("__pycache__"))
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(code / Path(served_model.__file__).relative_to(package)),
            artifacts={"models": str(models.path)},
            code_paths=[str(code)],
            pip_requirements=[f"{package}=={version(package)}" for package in PACKAGES],
            signature=_signature(),
            input_example=[EXAMPLE],
        )
    # not by log_model itself, which prints as it registers
    source = store.get_logged_model(info.model_id).artifact_location
    made = store.create_model_version(NAME, source, run_id, tags, model_id=info.model_id)
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
def _fluent(store: MlflowClient, run_id: str) -> Iterator[None]:
    """Let the part of MLflow that works on global state see our store and one run; that ends as it was."""
    mlflow.set_tracking_uri(tracking_uri())
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    before = store.get_run(run_id).info
    with mlflow.start_run(run_id=run_id):
        yield
    if before.end_time is None:
        store.update_run(run_id, before.status)
    else:
        store.set_terminated(run_id, before.status, before.end_time)
