"""What runs have logged, and in what they differ."""

import csv
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.cli.patches import file_changes
from stages.cli.runs import Logged, fetch, find, has
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import number, read_rows, sha256_of
from stages.core.pipeline.rules import PARAMS_FILE
from stages.core.tables.samples import read_samples
from stages.core.tracking.git import GitError

Table = list[list[str]]  # the first row is the head
LOG_AGAIN = "If its outputs are in models/ and reports/, `zarathustra sync` logs them again."
LOSSES = ("loss_nats_per_char", "val_loss_nats_per_char", "val_bits_per_char")


@dataclass(frozen=True)
class Epoch:
    """The losses of one epoch; NaN where training diverged."""

    epoch: int
    losses: dict[str, float]


@dataclass(frozen=True)
class ComparedRun:
    """What one training run, and its sampling, have logged."""

    found: Logged
    facts: dict[str, str]  # parameters, data and code
    history: list[Epoch]  # not empty
    samples: pd.DataFrame | None

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.found.name

    @property
    def best(self) -> Epoch:
        """The epoch with the lowest validation loss; one without a loss comes last."""
        losses = [row.losses["val_loss_nats_per_char"] for row in self.history]
        return self.history[losses.index(min(losses, key=lambda loss: math.inf if math.isnan(loss) else loss))]


def load(name: str) -> ComparedRun:
    """Return what a run has logged.

    Raises:
        UserError: there is no such run, or what it logged is damaged.
    """
    found = find(name)
    with tempfile.TemporaryDirectory() as folder:
        history = read_losses(fetch(found.training, "history.csv", Path(folder)), found.name)
        samples = read_samples(fetch(found.sampling, "samples.csv", Path(folder))) if found.sampling else None
    return ComparedRun(found, facts(found), history, samples)


def read_losses(path: Path, run: str) -> list[Epoch]:
    """Return the rows of a history that came from the store.

    Raises:
        UserError: it is empty, or no history.
    """
    try:
        table = read_rows(path)
        if any(None in row.values() for row in table):
            raise ValueError("a row is cut short")
        rows = [Epoch(int(row["epoch"]), {key: number(row[key]) for key in LOSSES}) for row in table]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise UserError(f"{run}: its history.csv is not a table of losses ({error}). {LOG_AGAIN}") from None
    if not rows:
        raise UserError(f"{run}: its history.csv has no epochs. {LOG_AGAIN}")
    return rows


def facts(found: Logged) -> dict[str, str]:
    """Return parameters, data and code of a run, each under a name of its own."""
    tags, parameters = found.latest.data.tags, dict(found.training.data.params)
    if found.sampling:
        parameters |= found.sampling.data.params
    commit = {"commit": tags.get("mlflow.source.git.commit", "")}
    data = {key: value for key, value in tags.items() if key.startswith("dvc.lock/")}
    return parameters | commit | data | uncommitted(found)


def uncommitted(found: Logged) -> dict[str, str]:
    """Return for each file with uncommitted changes how many lines, and a hash to tell them apart.

    Parameters are left out: they are compared one by one.
    """
    dirty = found.latest.data.tags.get("git.dirty")
    if dirty != "true":
        return {} if dirty == "false" else {"uncommitted changes": "unknown"}
    if not has(found.latest, "uncommitted.diff"):
        return {"uncommitted changes": "not logged"}
    with tempfile.TemporaryDirectory() as folder:
        patch = fetch(found.latest, "uncommitted.diff", Path(folder)).read_bytes()
    try:
        return {
            f"uncommitted/{change.path}": f"+{change.added} -{change.removed} ({change.sha256[:8]})"
            for change in file_changes(patch)
            if change.path != str(PARAMS_FILE)
        }
    except GitError:  # damaged, or git is not installed
        return {"uncommitted changes": f"a patch that git cannot read ({sha256_of(patch)[:8]})"}


def differences(runs: list[ComparedRun]) -> Table:
    """Return parameters, data and code that are not the same in all runs."""
    keys = sorted(set().union(*(run.facts for run in runs)))
    rows = [[key, *(run.facts.get(key, "") for run in runs)] for key in keys]
    return [["", *(run.name for run in runs)], *(row for row in rows if len(set(row[1:])) > 1)]


def losses(runs: list[ComparedRun]) -> Table:
    """Return the losses at the best epoch and at the last."""
    table = [["", *(run.name for run in runs)]]
    for label, rows in (("best", [run.best for run in runs]), ("last", [run.history[-1] for run in runs])):
        table.append([f"{label} epoch", *(str(row.epoch) for row in rows)])
        table += [[f"  {key}", *(f"{row.losses[key]:.4f}" for row in rows)] for key in LOSSES]
    return table
