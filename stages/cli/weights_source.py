"""Where a command takes weights from: a folder like models/, or an MLflow run."""

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.cli.options import require_store, value_of
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline import rules
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.rules import Rule
from stages.core.pipeline.visible import visible
from stages.core.tables.history import read_history_rows

EPOCH = Rule("best, latest or an integer >= 1", lambda v: v in ("best", "latest") or rules.integer(1).accepts(v))


@dataclass(frozen=True)
class Source:
    """A folder of weights, and the history of its losses if there is one."""

    models: ModelFolder
    history: Path

    def epoch(self, wanted: int | str) -> int:
        """Return the number of an epoch whose weights are there.

        Args:
            wanted: a number, best (lowest held-out loss) or latest.
        """
        epochs = self.models.epochs()
        if not epochs:
            raise UserError(f"{self.models.path / 'epochs'}: no weights yet. Run `dvc repro` first.")
        if wanted == "best":
            wanted = self._best(epochs)
        if wanted == "latest":
            wanted = epochs[-1]
        if wanted not in epochs:
            raise UserError(f"--epoch must be one of {epochs[0]} to {epochs[-1]}, best or latest. Received: {wanted}.")
        return int(wanted)

    def _best(self, epochs: list[int]) -> int | str:
        try:
            losses = {row.epoch: row.val_loss_nats_per_char for row in read_history_rows(self.history)}
        except FileNotFoundError:
            losses = {}
        known = [epoch for epoch in epochs if not math.isnan(losses.get(epoch, math.nan))]
        if not known:
            note = f"No losses of these epochs in {self.history}: the latest instead of the best."
            print(visible(note), file=sys.stderr)
            return "latest"
        return min(known, key=lambda epoch: losses[epoch])


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose weights: --epoch, and --models or --run."""
    parser.add_argument("--epoch", metavar="N", default="best", type=value_of("--epoch", _epoch, EPOCH),
        help="a number, best (lowest held-out loss) or latest, also during training (%(default)s)")  # fmt: skip
    add = parser.add_mutually_exclusive_group().add_argument
    add("--models", metavar="FOLDER", default="models", help="folder of the weights (%(default)s)")
    add("--run", dest="run_name", metavar="RUN", help="take the weights of this MLflow run (id or name) instead")


@contextmanager
def chosen_source(arguments: argparse.Namespace) -> Iterator[Source]:
    """Yield the weights that the options of `add_options` choose."""
    if arguments.run_name is None:
        yield folder_source(arguments.models)
        return
    require_store()
    with run_source(arguments.run_name) as source:
        yield source


def folder_source(models: str) -> Source:
    """Return the weights in a folder; the history is in reports/ beside models/."""
    path = Path(models)
    return Source(ModelFolder(path), path.parent / "reports" / "history.csv")


@contextmanager
def run_source(name: str) -> Iterator[Source]:
    """Yield the weights that a training run logged, fetched into a temporary folder."""
    from stages.cli.runs import fetch, find  # MLflow takes seconds to import

    run = find(name).training
    with tempfile.TemporaryDirectory() as folder:
        models = fetch(run, "models", Path(folder))
        yield Source(ModelFolder(models), fetch(run, "history.csv", Path(folder)))


def _epoch(text: str) -> Any:
    return text if text in ("best", "latest") else int(text)
