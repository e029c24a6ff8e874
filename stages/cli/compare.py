"""`zarathustra compare`: what differs between runs, and what they achieved."""

import argparse
import shutil
import textwrap
from itertools import zip_longest
from pathlib import Path

from stages.cli.compared_runs import Table, differences, load, losses
from stages.cli.continuations import Continuation, continuations, default_temperatures
from stages.cli.options import TEMPERATURE, require_replaceable, require_store, value_of
from stages.core.pipeline import rules
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import write_text
from stages.core.pipeline.params import temperature_label
from stages.core.pipeline.visible import visible

LONGEST = 10_000  # characters of a continuation
WIDEST = 1_000  # columns of a terminal


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = "Example: zarathustra compare lstm128-epochs60-1f0c2a9b wider --temperature 0.5 --html page.html"
    add = parser.add_argument
    add("runs", metavar="RUN", nargs="+", help="id or name of a run, or name of an experiment")
    add("--epoch", metavar="N", type=value_of("--epoch", int, rules.integer(1)),
        help="of the weights that write; without it, each run's best")  # fmt: skip
    add("--temperature", metavar="T", type=value_of("--temperature", float, TEMPERATURE),
        help="to write at; without it, the temperatures of the first run")  # fmt: skip
    add("--prompt", metavar="TEXT", help="for all networks to continue; without it, one of the first run's")
    add("--length", metavar="N", default=200, type=value_of("--length", int, rules.integer(1, LONGEST)),
        help="characters to write (%(default)s)")  # fmt: skip
    add("--html", metavar="FILE", type=Path, help="write a page, with loss curves, instead of printing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the comparison, or write it as a page."""
    if len(arguments.runs) < 2:
        raise UserError("compare needs two runs or more. Received: one. `mlflow ui` lists them all.")
    if arguments.html:
        require_replaceable("--html", arguments.html)
    require_store()
    runs = [load(name) for name in arguments.runs]
    tables = {"What differs": differences(runs), "Losses": losses(runs)}
    temperatures = default_temperatures(runs) if arguments.temperature is None else [arguments.temperature]
    written = continuations(runs, arguments.prompt, arguments.epoch, temperatures, arguments.length)
    samples = {f"Temperature {temperature_label(t)}, the same prompt": texts for t, texts in written.items()}
    if arguments.html:
        from stages.cli.compare_page import page  # matplotlib takes a second to import

        write_text(arguments.html, page(runs, tables, samples))
        print(visible(f"{arguments.html}: open it in a browser."))
        return
    width = min(shutil.get_terminal_size((120, 24)).columns, WIDEST)  # a variable says it
    for title, table in {**tables, **{title: as_table(texts) for title, texts in samples.items()}}.items():
        print(f"{title}\n{'-' * len(title)}\n{in_columns(table, width)}\n")


def as_table(texts: list[Continuation]) -> Table:
    """Return continuations of several runs as a table. A bar stands between prompt and text, as in samples.md."""
    return [["", *(each.head for each in texts)], ["", *("|".join(filter(None, (t.prompt, t.text))) for t in texts)]]


def in_columns(table: Table, width: int) -> str:
    """Return a table as text of a given width. Long lines are wrapped; no character is added to them or lost."""
    if len(table) == 1:
        return "nothing"
    table = [[visible(row[0]), *row[1:]] for row in table]  # a key may be the name of a file
    first = max(len(row[0]) for row in table)
    column = max((width - first) // (len(table[0]) - 1) - 2, 12)
    lines = []
    for row in table:
        cells = [_wrapped(visible(cell), column) for cell in row[1:]]
        for i, parts in enumerate(zip_longest(*cells, fillvalue="")):
            lines.append(f"{row[0] if i == 0 else '':{first}}" + "".join(f"  {part:{column}}" for part in parts))
    return "\n".join(line.rstrip() for line in lines)


def _wrapped(text: str, width: int) -> list[str]:
    keep = textwrap.TextWrapper(width, drop_whitespace=False, replace_whitespace=False, break_on_hyphens=False)
    return [part for line in text.expandtabs(1).split("\n") for part in (keep.wrap(line) or [""])]
