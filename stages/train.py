"""Train the network and keep the weights of every epoch.

    python -m stages.train data/windows models reports/history.csv

Reads section train of params.yaml; writes models/network.json, models/epochs/ and the history of the losses. What
an earlier, killed or shorter run with the same fingerprint has trained is taken from there.
"""

import dataclasses
import logging
import shutil
import sys
from pathlib import Path
from typing import Any

from stages.core.networks.description import NetworkDescription
from stages.core.networks.folder import ModelFolder
from stages.core.networks.table import option_module, options_of
from stages.core.pipeline import params, stage, timing
from stages.core.pipeline.files import atomic_write, write_text
from stages.core.pipeline.params import TrainParams
from stages.core.pipeline.progress import time_text
from stages.core.tables.history import HistoryRow, history_csv
from stages.core.text.windows import WindowData, read_windows, windows_hash
from stages.core.tracking.training_run import TrainingRun
from stages.core.training import launch
from stages.core.training.checkpoints import Checkpoints
from stages.core.training.fingerprint import package_versions, resumable_fingerprint, whole_fingerprint
from stages.core.training.memory import require_memory

IF_INTERRUPTED = "`dvc repro` resumes after the last whole epoch."
logger = logging.getLogger(__name__)


def describe(
    data: WindowData, train: dict[str, Any], num_weights: int, fingerprint: str, windows_sha256: str
) -> NetworkDescription:
    """Return what models/network.json will say."""
    return NetworkDescription(
        kind=train["network"],
        settings={"units": train["units"], "num_layers": train["num_layers"]},
        tokenizer=data.tokenizer,
        window_length=data.plan.window_length,
        targets=train["targets"],
        carries_state=train["carry_state"],
        num_weights=num_weights,
        fingerprint=fingerprint,
        windows_sha256=windows_sha256,
        parameters=train,
        packages=package_versions(),
    )


class Outputs:
    """Puts each epoch where the outputs belong as soon as it is trained, and reports it."""

    def __init__(
        self,
        models: ModelFolder,
        checkpoints: Checkpoints,
        run: TrainingRun,
        num_characters: int,
        settings: dict[str, Any],
    ) -> None:
        self.models = models
        self.checkpoints = checkpoints
        self.run = run
        self.num_characters = num_characters
        self.settings = settings
        self.num_resumed = 0
        self.num_trained = 0

    def on_epoch(self, row: HistoryRow, seconds: float | None) -> None:
        """Copy the weights, log the losses, print one line."""
        with atomic_write(self.models.weights_path(row.epoch)) as partial:
            shutil.copyfile(self.checkpoints.weights_path(row.epoch), partial)
        self.run.log_epoch(dataclasses.asdict(row), seconds, self.num_characters)
        if seconds is None:
            self.num_resumed += 1
            return
        if self.num_resumed and not self.num_trained:
            logger.info("Epochs found: %d. Resuming at epoch %d.", self.num_resumed, row.epoch)
        self.num_trained += 1
        timing.note_speed(self.settings, self.num_characters / seconds)
        logger.info(
            "epoch %3d of %d  loss %.4f  val_loss %.4f nats (%.4f bits) per character  "
            "%.0f s  %.0f characters/s  %s left",
            *(row.epoch, self.settings["epochs"]),
            *(row.loss_nats_per_char, row.val_loss_nats_per_char, row.val_bits_per_char),
            *(seconds, self.num_characters / seconds),
            time_text((self.settings["epochs"] - row.epoch) * seconds),
        )


def main() -> None:
    """Train what is missing, write the outputs."""
    parser = stage.parser(__doc__)
    parser.add_argument("windows", type=Path, help="folder of data/windows")
    parser.add_argument("models", type=Path, help="folder to write")
    parser.add_argument("history", type=Path, help="table of losses to write")
    arguments = parser.parse_args()
    train = params.load(TrainParams)
    data = read_windows(arguments.windows)
    require_memory(train, data.tokenizer.size, data.plan.window_length, data.plan.num_validation_windows)
    if not launch.start(launch.num_workers(train.shards), ["stages.train", *sys.argv[1:]], arguments.windows):
        return
    # TensorFlow takes seconds to import: by now the inputs are checked, and Ctrl-C is handled
    from stages.core.training.keras.build import choose_backend
    from stages.core.training.trainer import Trainer

    backend = choose_backend(train.lstm_backend)
    resumable = resumable_fingerprint(train, arguments.windows, data.tokenizer.kind, backend)
    fingerprint = whole_fingerprint(resumable, train)
    checkpoints = Checkpoints(resumable)
    checkpoints.wait_for_others()
    models = ModelFolder(arguments.models)
    models.path.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(models.path / "epochs", ignore_errors=True)
    checkpoints.remove_others()
    if "shards" in options_of(train):
        trainer = option_module("shards").first_trainer(train, data, resumable)
    else:
        trainer = Trainer(train, data, checkpoints)
    with atomic_write(models.weights_path(0)) as partial:  # what it writes before training is worth seeing, too
        trainer.network.save_weights(partial)
    num_weights = trainer.num_weights
    windows_sha256 = windows_hash(arguments.windows)
    models.write_description(describe(data, dataclasses.asdict(train), num_weights, fingerprint, windows_sha256))
    run = TrainingRun()
    run.start(models.description(), data.plan.num_characters)
    outputs = Outputs(models, checkpoints, run, trainer.num_characters, dataclasses.asdict(train))
    with run.ended_early():
        rows = trainer.train(outputs.on_epoch)
    if not outputs.num_trained:
        logger.info("Nothing to train: all epochs (%d) were kept.", len(rows))
    write_text(arguments.history, history_csv(rows))
    run.finish(arguments.models, arguments.history.parent)


if __name__ == "__main__":
    stage.run("train", main, IF_INTERRUPTED)
