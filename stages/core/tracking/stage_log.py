"""What a stage that samples, evaluates or reports logs when it has written its outputs: one call."""

import logging
from pathlib import Path

from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.rules import PARAMS_FILE, read_yaml
from stages.core.tables.history import read_history_rows
from stages.core.text.windows import read_windows
from stages.core.tracking.connection import Connection
from stages.core.tracking.lockfile import foreign_files, locked, parameters_of
from stages.core.tracking.outputs import Folders, up_to
from stages.core.tracking.provenance import TRAINING_STAGES
from stages.core.tracking.sampling_run import SamplingRun
from stages.core.tracking.training_run import TrainingRun

logger = logging.getLogger(__name__)


def log_stage(stage: str, models: Path, reports: Path, windows: Path = Folders.windows) -> Connection:
    """Log what `stage` has written to the run of its sampling; log its training too if the store lacks it.

    Args:
        stage: sample, evaluate or report.
        models: folder of the weights.
        reports: folder of the tables.
        windows: folder of data/windows.
    """
    connection, folders = Connection(), Folders(windows=windows, models=models, reports=reports)
    log_missing_training(connection, folders)
    sections = read_yaml(PARAMS_FILE)
    stages = up_to(stage)
    SamplingRun(connection).log(stages, folders, {name: sections[name] for name in stages})
    return connection


def log_missing_training(connection: Connection, folders: Folders) -> None:
    """Log a training that the store lacks: in a clone, DVC fetches the outputs of a training and does not run it."""
    is_logged = True
    with connection.tolerate_errors():
        fingerprint = ModelFolder(folders.models).description().fingerprint
        is_logged = TrainingRun(connection).is_logged(fingerprint)
    if is_logged:
        return
    if foreign := foreign_files("train") if locked("train") else ["models/epochs"]:
        logger.warning("The run of the training is not logged: %s is not what dvc.lock records.", foreign[0])
    else:
        log_training(connection, folders)


def log_training(connection: Connection, folders: Folders) -> int:
    """Log a training from its outputs; return the number of its epochs."""
    rows = read_history_rows(folders.reports / "history.csv")
    num_characters = read_windows(folders.windows).plan.num_characters
    run = TrainingRun(connection)
    parameters = {name: parameters_of(name) for name in TRAINING_STAGES}
    run.start(ModelFolder(folders.models).description(), num_characters, parameters)
    with run.ended_early():
        for row in rows:
            run.log_epoch(vars(row))
        run.finish(folders.models, folders.reports)
    return len(rows)
