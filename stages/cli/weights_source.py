"""Where a command takes weights from: a folder like models/, or an MLflow run."""

import math
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import number, read_rows


@dataclass(frozen=True)
class Source:
    """A folder of weights, and the history of the losses where there is one."""

    models: ModelFolder
    history: Path

    def epoch(self, wanted: int | str) -> int:
        """Return the number of an epoch that is there.

        Args:
            wanted: a number, best (lowest held-out loss) or latest.
        """
        epochs = self.models.epochs()
        if not epochs:
            raise UserError(f"{self.models.path / 'epochs'}: no weights there yet. Run `dvc repro` first.")
        if wanted == "best":
            wanted = self._best(epochs)
        if wanted == "latest":
            wanted = epochs[-1]
        if wanted not in epochs:
            raise UserError(f"--epoch must be one of {epochs[0]} to {epochs[-1]}, best or latest. Received: {wanted}.")
        return int(wanted)

    def _best(self, epochs: list[int]) -> int | str:
        try:
            losses = {int(row["epoch"]): number(row["val_loss_nats_per_char"]) for row in read_rows(self.history)}
        except FileNotFoundError:
            losses = {}
        known = [epoch for epoch in epochs if not math.isnan(losses.get(epoch, math.nan))]
        if not known:
            print(f"No losses of these epochs in {self.history}: the latest instead of the best.", file=sys.stderr)
            return "latest"
        return min(known, key=lambda epoch: losses[epoch])


def folder_source(models: str) -> Source:
    """Return the weights in a folder; the history is in reports/ beside models/."""
    path = Path(models)
    return Source(ModelFolder(path), path.parent / "reports" / "history.csv")


@contextmanager
def run_source(name: str) -> Iterator[Source]:
    """Give the weights that a training run logged, fetched into a temporary folder."""
    from stages.cli.runs import fetch, find  # MLflow takes seconds to import

    run = find(name).training
    with tempfile.TemporaryDirectory() as folder:
        models = fetch(run, "models", Path(folder))
        yield Source(ModelFolder(models), fetch(run, "history.csv", Path(folder)))
