"""`zarathustra sync`: the runs in MLflow made again, or completed, from models/ and reports/."""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from stages.core.common.errors import UserError
from stages.core.common.files import read_json, sha256_of_file
from stages.core.common.settings import PARAMS_FILE, read_yaml
from stages.core.model.model_folder import ModelFolder
from stages.core.runs.mlflow_store import tracking_uri
from stages.core.runs.provenance import TRAINING_STAGES
from stages.core.runs.sample_table import read_samples
from stages.core.runs.tracking import Tracking, TrainingRecord
from stages.core.serving.registry import register_best
from stages.core.text.windows import read_windows

REPORTS = Path("reports")
SAMPLING_OUTPUTS = ("samples.csv", "samples.md", "metrics.json", "scores.csv", "prompt.csv", "index.md", "index.html")


def set_up(parser: argparse.ArgumentParser) -> None:
    """There are no options."""
    parser.epilog = "Twice makes no duplicates; a store that was deleted gets the runs of these outputs again."
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Log training, then sampling, with the same calls that the stages make."""
    models = ModelFolder(Path("models"))
    tracking = Tracking(required=True)
    history = _table(REPORTS / "history.csv")
    sync_training(tracking, models, history)
    print(f"Training: {len(history)} epochs.")
    if (REPORTS / "samples.csv").exists():
        samples = read_samples(REPORTS / "samples.csv")
        sync_sampling(tracking, models, samples)
        print(f"Sampling: {len(samples)} samples.")
    print(f"All of it is in {tracking_uri()}.")


def sync_training(tracking: Tracking, models: ModelFolder, history: pd.DataFrame) -> None:
    """Log what stage train logs."""
    description = models.description()
    data = read_windows(Path("data/windows"))
    tracking.start_training(
        TrainingRecord(
            fingerprint=description.fingerprint,
            parameters={name: parameters_of(name) for name in TRAINING_STAGES},
            corpus_sha256=description.windows_sha256,
            num_characters=data.plan.num_characters,
        )
    )
    for row in history.to_dict("records"):
        tracking.log_epoch({str(key): value for key, value in row.items()})
    tracking.log_artifacts(models.path / "network.json", models.path / "epochs", under="models")
    tracking.finish((REPORTS / "history.csv",))


def sync_sampling(tracking: Tracking, models: ModelFolder, samples: pd.DataFrame) -> None:
    """Log what the stages sample, evaluate and report log, as far as they have run."""
    tracking.start_sampling(models.description().fingerprint, sha256_of_file(REPORTS / "samples.csv"))
    tracking.log_samples({"sample": parameters_of("sample")}, samples)
    if (REPORTS / "metrics.json").exists():
        metrics = read_json(REPORTS / "metrics.json")
        tracking.log_summary(metrics)
        register_best(tracking, models, metrics)
    if (REPORTS / "scores.csv").exists():
        tracking.log_scores(_table(REPORTS / "scores.csv"))
    outputs = [REPORTS / name for name in (*SAMPLING_OUTPUTS, "figures")]
    tracking.log_artifacts(*filter(Path.exists, outputs))
    tracking.finish()


def parameters_of(stage: str) -> Any:
    """Return the section of a stage that its outputs were made with, by dvc.lock; or that of params.yaml."""
    if Path("dvc.lock").exists():
        locked = (read_yaml(Path("dvc.lock")) or {}).get("stages", {}).get(stage, {})
        recorded = locked.get("params", {}).get(str(PARAMS_FILE), {})
        if stage in recorded:
            return recorded[stage]
    return read_yaml(PARAMS_FILE)[stage]


def _table(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise UserError(f"{path} does not exist. Run `dvc repro` first.")
    return pd.read_csv(path)
