"""`zarathustra sync`: the runs in MLflow made again, or completed, from models/ and reports/."""

import argparse
import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import read_json
from stages.core.pipeline.rules import PARAMS_FILE, read_yaml
from stages.core.serving.registry import register_best
from stages.core.tables.history import read_history
from stages.core.tables.samples import read_samples
from stages.core.text.windows import read_windows
from stages.core.tracking.provenance import TRAINING_STAGES
from stages.core.tracking.sampling_run import SamplingRun
from stages.core.tracking.store import tracking_uri
from stages.core.tracking.training_run import TrainingRecord, TrainingRun

REPORTS = Path("reports")
EVALUATION = [REPORTS / name for name in ("metrics.json", "scores.csv")]
REPORT = [REPORTS / name for name in ("prompt.csv", "index.md", "index.html")]


def set_up(parser: argparse.ArgumentParser) -> None:
    """There are no options."""
    parser.epilog = "Twice makes no duplicates; a store that was deleted gets the runs of these outputs again."
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Log training, then sampling, with the same calls that the stages make."""
    models = ModelFolder(Path("models"))
    history = read_history(_existing(REPORTS / "history.csv"))
    if others := files_of_another_run("train"):
        raise UserError(f"{others[0]} is not of the training in dvc.lock. Run `dvc checkout`, or `dvc repro`.")
    sync_training(models, history)
    print(f"Training: {len(history)} epochs.")
    if is_there("sample", REPORTS / "samples.csv"):
        samples = read_samples(REPORTS / "samples.csv")
        sync_sampling(models, samples)
        print(f"Sampling: {len(samples)} samples.")
    print(f"All of it is in {tracking_uri()}.")


def sync_training(models: ModelFolder, history: pd.DataFrame) -> None:
    """Log what stage train logs."""
    description = models.description()
    data = read_windows(Path("data/windows"))
    run = TrainingRun(required=True)
    run.start(
        TrainingRecord(
            fingerprint=description.fingerprint,
            parameters={name: parameters_of(name) for name in TRAINING_STAGES},
            corpus_sha256=description.windows_sha256,
            num_characters=data.plan.num_characters,
        )
    )
    for row in history.to_dict("records"):
        run.log_epoch({str(key): value for key, value in row.items()})
    run.log_artifacts(models.path / "network.json", models.path / "epochs", under="models")
    run.finish((REPORTS / "history.csv",))


def sync_sampling(models: ModelFolder, samples: pd.DataFrame) -> None:
    """Log what the stages sample, evaluate and report log, as far as they have run."""
    outputs: dict[str, list[Path]] = {"sample": []}
    if is_there("evaluate", *EVALUATION):
        outputs["evaluate"] = EVALUATION
        if is_there("report", *REPORT):
            outputs["report"] = REPORT
    parameters = {name: parameters_of(name) for name in outputs}
    fingerprint, files = models.description().fingerprint, [file for made in outputs.values() for file in made]
    run = SamplingRun(required=True)
    run.start(fingerprint, parameters, REPORTS / "samples.csv", *files)
    run.log_samples(samples, REPORTS / "samples.csv")
    if "evaluate" in outputs:
        scores = pd.read_csv(REPORTS / "scores.csv")
        run.log_evaluation(read_json(REPORTS / "metrics.json"), scores, *EVALUATION)
    if "report" in outputs:
        run.log_artifacts(*REPORT, REPORTS / "figures")
    run.finish()
    if "evaluate" in outputs:
        register_best(run, models, read_json(REPORTS / "metrics.json"))


def is_there(stage: str, *outputs: Path) -> bool:
    """Tell whether the outputs of a stage are there and belong to those of the stages before it; say if not."""
    if not all(output.exists() for output in outputs):
        return False
    others = files_of_another_run(stage)
    if others:
        print(f"Without stage {stage}: {others[0]} is not what it was made with. `dvc repro` makes it anew.")
    return not others


def files_of_another_run(stage: str) -> list[str]:
    """Return the files that a stage read and wrote which are not those that dvc.lock tells of."""
    entries = [entry for part in ("deps", "outs") for entry in locked(stage).get(part, [])]
    files = [(Path(e["path"]), e["md5"]) for e in entries if not e["path"].startswith("stages/")]
    return [str(path) for path, md5 in files if path.is_file() and file_md5(path) != md5]


def file_md5(path: Path) -> str:
    """Return the hash of a file that DVC keeps in dvc.lock."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def locked(stage: str) -> Any:
    """Return what dvc.lock tells of a stage; nothing where it has not run."""
    if not Path("dvc.lock").exists():
        return {}
    return (read_yaml(Path("dvc.lock")) or {}).get("stages", {}).get(stage, {})


def parameters_of(stage: str) -> Any:
    """Return the section of a stage that its outputs were made with, by dvc.lock; or that of params.yaml."""
    recorded = locked(stage).get("params", {}).get(str(PARAMS_FILE), {})
    return recorded[stage] if stage in recorded else read_yaml(PARAMS_FILE)[stage]


def _existing(path: Path) -> Path:
    if not path.exists():
        raise UserError(f"{path} does not exist. Run `dvc repro` first.")
    return path
