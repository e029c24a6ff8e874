"""The comparison of runs as a page that needs nothing else. No text in it is read as HTML."""

import html
import io

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stages.cli.compared_runs import ComparedRun, Table
from stages.cli.continuations import Continuation
from stages.core.pipeline.visible import visible
from stages.core.report.figures import STYLE
from stages.core.tables.history import NATS_TO_BITS

HEAD = """<!doctype html><html lang=en><meta charset=utf-8><title>Runs compared</title>
<meta name=viewport content="width=device-width"><style>
body{font:1rem system-ui;margin:2rem;color-scheme:light dark}
td,th{text-align:left;vertical-align:top;padding:.3rem 1rem;border-top:1px solid #8884;max-width:30rem}
td,th{white-space:pre-wrap;overflow-wrap:anywhere}mark{background:#8883;color:inherit}
svg{max-width:100%;height:auto;background:#fff}
</style>"""


def page(runs: list[ComparedRun], tables: dict[str, Table], samples: dict[str, list[Continuation]]) -> str:
    """Return the page: tables, loss curves, continuations of the same prompt by temperature."""
    parts = [HEAD]
    for title, table in tables.items():
        rows = [[_escaped(cell) for cell in row] for row in table]
        parts.append(_table(title, rows if len(rows) > 1 else [*rows, ["nothing"]]))
    parts.append(f"<h2>Loss by epoch</h2>{curves(runs)}")
    for title, texts in samples.items():
        head = [_escaped(each.head) for each in texts]
        parts.append(_table(title, [head, [f"<mark>{_escaped(e.prompt)}</mark>{_escaped(e.text)}" for e in texts]]))
    return "\n".join(parts) + "\n"


def curves(runs: list[ComparedRun]) -> str:
    """Return the losses of all runs as one SVG: validation as lines, training dashed in the same colour."""
    with mpl.rc_context(STYLE | {"text.parse_math": False}):
        figure = Figure(figsize=(8, 4), layout="constrained")
        axes = figure.subplots()
        for i, run in enumerate(runs):
            epochs = [row.epoch for row in run.history]
            for key, line, what in (
                ("val_loss_nats_per_char", "-", "validation"),
                ("loss_nats_per_char", ":", "training"),
            ):
                bits = [row.losses[key] * NATS_TO_BITS for row in run.history]
                axes.plot(epochs, bits, line, color=f"C{i}", marker=".", label=f"{visible(run.name)}, {what}")
        axes.set_xlabel("epoch")
        axes.set_ylabel("bits per character")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        figure.legend(loc="outside upper left", ncols=2, frameon=False)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    return drawn.getvalue().partition("<svg")[2].join(("<svg", ""))


def _table(title: str, rows: list[list[str]]) -> str:
    head, *body = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    lines = "".join(f"<tr>{row}</tr>" for row in body)
    return f"<h2>{_escaped(title)}</h2><table><tr>{head.replace('td>', 'th>')}</tr>{lines}</table>"


def _escaped(text: str) -> str:
    return html.escape(visible(text))
