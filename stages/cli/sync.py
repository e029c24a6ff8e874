"""`zarathustra sync`: log the outputs in models/ and reports/ to MLflow, where their runs are missing or incomplete."""

import argparse
from pathlib import Path

from stages.core.networks.folder import ModelFolder
from stages.core.pipeline import progress
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import scratch_root
from stages.core.pipeline.locks import exclusive
from stages.core.pipeline.secrets import masked
from stages.core.pipeline.visible import visible
from stages.core.serving.registry import register_best
from stages.core.tables.history import read_history_rows
from stages.core.tables.metrics import SCORES, read_metrics
from stages.core.tables.samples import read_samples
from stages.core.tables.scores import read_scores
from stages.core.tracking.connection import Connection
from stages.core.tracking.lockfile import foreign_files, locked, parameters_of
from stages.core.tracking.outputs import OUTPUTS, SAMPLING_STAGES, Folders
from stages.core.tracking.sampling_run import SamplingRun
from stages.core.tracking.stage_log import log_training
from stages.core.tracking.store import tracking_uri

FOLDERS = Folders()
METRICS = FOLDERS.reports / "metrics.json"


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.epilog = (
        "Running it twice makes no duplicates. A store that was deleted gets the runs of these outputs again."
    )
    parser.add_argument("--best", action="store_true", help="give the alias `best` to this model in any case")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Check the outputs, then log training and sampling with the same calls as the stages."""
    progress.set_up_logging()
    with exclusive(scratch_root() / "sync.lock"):  # of two at once, the second finds the runs of the first finished
        log(finished_stages(), takes_alias=arguments.best)


def log(stages: list[str], *, takes_alias: bool) -> None:
    """Log the training and these stages after it."""
    if takes_alias and "evaluate" not in stages:
        raise UserError("--best needs the outputs of stage evaluate. Run `dvc repro` first.")
    connection = Connection(required=True)
    num_epochs = 0
    with connection.tolerate_errors():
        num_epochs = log_training(connection, FOLDERS)
    print(f"Training: {num_epochs} epochs.")
    if stages:
        SamplingRun(connection).log(stages, FOLDERS, {stage: parameters_of(stage) for stage in stages})
        print(f"Sampling: {', '.join(stages)}.")
    if "evaluate" in stages:
        register_best(connection, FOLDERS.models, read_metrics(METRICS), takes_alias=takes_alias)
    print(visible(f"All of it is in {masked(tracking_uri())}."))


def finished_stages() -> list[str]:
    """Return the stages after training whose outputs are whole, and fit those of the stages before; say which are not.

    Raises:
        UserError: the outputs of the training are not, or a table is damaged.
    """
    history = FOLDERS.reports / "history.csv"
    if not history.exists():
        raise UserError(f"{history} does not exist. Run `dvc repro` first.")
    if foreign := foreign_files("train"):
        raise UserError(
            f"{foreign[0]} {_problem(foreign[0])} the training in dvc.lock. Run `dvc checkout`, or `dvc repro`."
        )
    read_history_rows(history)
    epochs = ModelFolder(FOLDERS.models).epochs()
    if not epochs:
        raise UserError(f"{FOLDERS.models / 'epochs'}: no weights. Run `dvc checkout`, or `dvc repro`.")
    stages: list[str] = []
    for stage in SAMPLING_STAGES:
        paths = [output.path(FOLDERS) for output in OUTPUTS[stage]]
        if not locked(stage) and not any(path.exists() for path in paths):
            return stages  # it has not run
        foreign = foreign_files(stage) or [str(path) for path in paths if not path.exists()]
        if foreign:
            reason = f"{foreign[0]} {_problem(foreign[0])} dvc.lock"
            print(visible(f"Without stage {stage}: {reason}. `dvc repro` makes it again."))
            return stages
        _read(stage)
        stages.append(stage)
    return stages


def _problem(path: str) -> str:
    return "is not that of" if Path(path).exists() else "does not exist, but is in"


def _read(stage: str) -> None:
    """Read the tables of a stage, so that a damaged one is told before anything is logged."""
    if stage == "sample":
        read_samples(FOLDERS.reports / "samples.csv")
    if stage == "evaluate":
        read_metrics(METRICS)
        read_metrics(FOLDERS.reports / "scores.json", SCORES)
        read_scores(FOLDERS.reports / "scores.csv")
