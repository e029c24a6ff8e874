"""`zarathustra compare`: what differs between runs, and what came of it."""

import argparse
import html
import re
import shutil
import tempfile
import textwrap
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pandas as pd

from stages.cli.options import value_of
from stages.cli.runs import Logged, fetch, find, has
from stages.core.pipeline import rules
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import number, read_rows, sha256_of, write_text
from stages.core.pipeline.params import temperature_label
from stages.core.pipeline.rules import PARAMS_FILE
from stages.core.tables.samples import read_samples

Table = list[list[str]]  # the first row is the head


@dataclass(frozen=True)
class Compared:
    """What one training run, and its sampling, have logged."""

    name: str
    facts: dict[str, str]  # parameters, data and code
    history: list[dict[str, str]]
    samples: pd.DataFrame

    @property
    def best(self) -> dict[str, str]:
        """The row of the history with the lowest held-out loss; one without a loss comes last."""
        return min(self.history, key=lambda row: float(row["val_loss_nats_per_char"] or "inf"))


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = "Example: zarathustra compare lstm128-epochs60-1f0c2a9b wider --temperature 0.5 --html page.html"
    parser.add_argument("runs", metavar="RUN", nargs="+", help="id or name of a run, or name of an experiment")
    parser.add_argument(
        "--epoch", metavar="N", type=value_of("--epoch", int, rules.integer(1)),
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


def load(name: str) -> Compared:
    """Return what a run has logged."""
    found = find(name)
    samples = pd.DataFrame(columns=["epoch", "temperature", "prompt", "text"])
    with tempfile.TemporaryDirectory() as folder:
        history = read_rows(fetch(found.training, "history.csv", Path(folder)))
        if found.sampling:
            samples = read_samples(fetch(found.sampling, "samples.csv", Path(folder)))
    return Compared(found.name, facts(found), history, samples)


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
    if found.latest.data.tags.get("git.dirty") != "true":
        return {}
    if not has(found.latest, "uncommitted.diff"):
        return {"uncommitted changes": "not logged"}
    with tempfile.TemporaryDirectory() as folder:
        patch = fetch(found.latest, "uncommitted.diff", Path(folder)).read_text("utf-8", "replace")
    changes = {}
    for part in re.split(r"^diff --git ", patch, flags=re.MULTILINE)[1:]:
        path = part.splitlines()[0].rpartition(" b/")[2]
        lines = part.partition("\n@@")[2].splitlines()
        added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
        if path != str(PARAMS_FILE):
            changes[f"uncommitted/{path}"] = f"+{added} -{removed} ({sha256_of(part)[:8]})"
    return changes


def differences(runs: list[Compared]) -> Table:
    """Return parameters, data and code that are not the same in all runs."""
    keys = sorted(set().union(*(run.facts for run in runs)))
    rows = [[key, *(run.facts.get(key, "") for run in runs)] for key in keys]
    return [["", *(run.name for run in runs)], *(row for row in rows if len(set(row[1:])) > 1)]


def losses(runs: list[Compared]) -> Table:
    """Return the losses at the best epoch and at the last."""
    table = [["", *(run.name for run in runs)]]
    for label, rows in (("best", [run.best for run in runs]), ("last", [run.history[-1] for run in runs])):
        table.append([f"{label} epoch", *(row["epoch"] for row in rows)])
        for key in ("loss_nats_per_char", "val_loss_nats_per_char", "val_bits_per_char"):
            table.append([f"  {key}", *(f"{number(row[key]):.4f}" for row in rows)])
    return table


def samples_side_by_side(runs: list[Compared], epoch: int | None, temperature: float | None) -> dict[str, Table]:
    """Return a table for each temperature that all runs have: one sample of each run."""
    common = set.intersection(*(set(run.samples["temperature"]) for run in runs))
    if temperature is not None and temperature not in common:
        known = ", ".join(map(temperature_label, sorted(common))) or "none"
        raise UserError(f"--temperature must be one that all runs have: {known}. Received: {temperature}.")
    if not common:
        return {"Samples": [["no temperature that all runs have"]]}
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
        return table[0][0] or "nothing"
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
