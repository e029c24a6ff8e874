"""`zarathustra compare`: what differs between runs, and what came of it."""

import argparse
import html
import shutil
import tempfile
import textwrap
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pandas as pd

from stages.cli.options import value_of
from stages.cli.runs import fetch, sampling_runs, training_run
from stages.core.common import settings
from stages.core.common.errors import UserError
from stages.core.common.files import number, read_rows, write_text
from stages.core.common.params import temperature_label
from stages.core.runs.mlflow_store import Run
from stages.core.runs.sample_table import read_samples

Table = list[list[str]]  # the first row is the head
COMPARED_TAGS = {"mlflow.source.git.commit": "commit", "git.dirty": "uncommitted changes"}


@dataclass(frozen=True)
class Logged:
    """What one training run, and its newest sampling, have logged."""

    run: Run
    parameters: dict[str, str]
    history: list[dict[str, str]]
    samples: pd.DataFrame

    @property
    def best(self) -> dict[str, str]:
        """The row of the history with the lowest held-out loss; one without a loss comes last."""
        return min(self.history, key=lambda row: float(row["val_loss_nats_per_char"] or "inf"))

    @property
    def name(self) -> str:
        """What to call it."""
        return str(self.run.info.run_name)


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = "Example: zarathustra compare lstm128-epochs60-1f0c2a9b wider --temperature 0.5 --html page.html"
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", help="id or name of a training run; an experiment has its name"
    )
    parser.add_argument(
        "--epoch", metavar="N", type=value_of("--epoch", int, settings.integer(1)),
        help="of the samples to show; without it, each run's best",
    )  # fmt: skip
    parser.add_argument("--temperature", metavar="T", type=float, help="of the samples to show; without it, all")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page instead of printing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the comparison, or write it as a page."""
    if len(arguments.runs) < 2:
        raise UserError("compare needs two runs or more. Received: one. `mlflow ui` lists them all.")
    logged = [load(name) for name in arguments.runs]
    tables = {
        "What differs": differences(logged),
        "Losses": losses(logged),
        **samples_side_by_side(logged, arguments.epoch, arguments.temperature),
    }
    if arguments.html:
        write_text(arguments.html, page(tables))
        print(f"{arguments.html}: open it in a browser.")
        return
    width = shutil.get_terminal_size((120, 24)).columns
    for title, table in tables.items():
        print(f"{title}\n{'-' * len(title)}\n{in_columns(table, width)}\n")


def load(name: str) -> Logged:
    """Return what a run has logged."""
    run = training_run(name)
    children = sampling_runs(run)
    parameters = dict(run.data.params)
    samples = pd.DataFrame(columns=["epoch", "temperature", "prompt", "text"])
    with tempfile.TemporaryDirectory() as folder:
        history = read_rows(fetch(run, "history.csv", Path(folder)))
        if children:
            parameters |= children[0].data.params
            samples = read_samples(fetch(children[0], "samples.csv", Path(folder)))
    return Logged(run, parameters, history, samples)


def differences(runs: list[Logged]) -> Table:
    """Return parameters, data and code that are not the same in all runs."""
    facts = [
        run.parameters
        | {label: run.run.data.tags.get(tag, "") for tag, label in COMPARED_TAGS.items()}
        | {key: value for key, value in run.run.data.tags.items() if key.startswith("dvc.lock/")}
        for run in runs
    ]
    rows = [[key, *(fact.get(key, "") for fact in facts)] for key in sorted(set().union(*facts))]
    return [["", *(run.name for run in runs)], *(row for row in rows if len(set(row[1:])) > 1)]


def losses(runs: list[Logged]) -> Table:
    """Return the losses at the best epoch and at the last."""
    table = [["", *(run.name for run in runs)]]
    for label, rows in (("best", [run.best for run in runs]), ("last", [run.history[-1] for run in runs])):
        table.append([f"{label} epoch", *(row["epoch"] for row in rows)])
        for key in ("loss_nats_per_char", "val_loss_nats_per_char", "val_bits_per_char"):
            table.append([f"  {key}", *(f"{number(row[key]):.4f}" for row in rows)])
    return table


def samples_side_by_side(runs: list[Logged], epoch: int | None, temperature: float | None) -> dict[str, Table]:
    """Return a table for each temperature that all runs have: one sample of each run."""
    common = set.intersection(*(set(run.samples["temperature"]) for run in runs))
    if temperature is not None and temperature not in common:
        known = ", ".join(map(temperature_label, sorted(common))) or "none"
        raise UserError(f"--temperature must be one that all runs have: {known}. Received: {temperature}.")
    tables: dict[str, Table] = {}
    for each in sorted(common) if temperature is None else [temperature]:
        head, texts = [""], [""]
        for run in runs:
            chosen = epoch or int(run.best["epoch"])
            here = run.samples[(run.samples["epoch"] == chosen) & (run.samples["temperature"] == each)]
            head.append(f"{run.name}, epoch {chosen}")
            texts.append(f"[{here['prompt'].iloc[0]}] {here['text'].iloc[0]}" if len(here) else "no sample")
        tables[f"Temperature {temperature_label(each)}"] = [head, texts]
    return tables


def in_columns(table: Table, width: int) -> str:
    """Return a table as text of a given width, long cells on several lines."""
    if len(table) == 1:
        return "nothing"
    first = max(len(row[0]) for row in table)
    column = max((width - first) // (len(table[0]) - 1) - 2, 12)
    lines = []
    for row in table:
        cells = [textwrap.wrap(" ".join(cell.split()), column) for cell in row[1:]]
        for i, parts in enumerate(zip_longest(*cells, fillvalue="")):
            lines.append(f"{row[0] if i == 0 else '':{first}}" + "".join(f"  {part:{column}}" for part in parts))
    return "\n".join(line.rstrip() for line in lines)


def page(tables: dict[str, Table]) -> str:
    """Return the tables as a page that needs nothing else; no text in them is read as HTML."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Runs compared</title>",
        "<style>body{font:1rem system-ui;margin:2rem;color-scheme:light dark}td,th{text-align:left;vertical-align:top;",
        "padding:.3rem 1rem;white-space:pre-wrap;border-top:1px solid #8884;max-width:30rem}</style>",
    ]
    for title, table in tables.items():
        head, *rows = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in table]
        body = "".join(f"<tr>{row}</tr>" for row in rows) or "<tr><td>nothing</td></tr>"
        parts.append(f"<h2>{html.escape(title)}</h2><table><tr>{head.replace('td>', 'th>')}</tr>{body}</table>")
    return "\n".join(parts) + "\n"
