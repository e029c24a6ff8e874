"""The report as Markdown: losses, scores, and samples of a few epochs side by side."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from stages.core.pipeline.params import temperature_label
from stages.core.pipeline.visible import visible
from stages.core.tables.history import NATS_TO_BITS

SPECIAL = "<>&'" + r"\`*_{}[]#+~|"  # to HTML or to Markdown


def report_markdown(
    metrics: Mapping[str, Any], samples: pd.DataFrame, prompted: pd.DataFrame, score_labels: Mapping[str, str]
) -> str:
    """Return the report.

    Args:
        metrics: the contents of reports/scores.json.
        samples: the table of samples.
        prompted: the same for one prompt at a few epochs.
        score_labels: the name of each score.
    """
    parts = [
        "# Report",
        f"Best epoch: **{metrics['best_epoch']}** of {metrics['last_epoch']}, "
        f"**{metrics['held_out_bits_per_char']:.3f} bits per character** on held-out text. "
        "The explorer, `index.html`, shows every epoch.",
        "![Losses by epoch](figures/loss.svg)",
        _losses(metrics),
        _baselines(metrics),
        "## One distribution at several temperatures",
        "![One distribution reweighted](figures/distribution.svg)",
        "## Scores of the text written at the best epoch",
        _scores(metrics, score_labels),
        "## Samples side by side",
        *_samples(samples, metrics),
        "## One prompt at several epochs",
        f"The prompt: {as_html(prompted['prompt'].iloc[0])}",
        *_side_by_side(prompted, metrics["best_epoch"], with_prompt=False),
    ]
    return "\n\n".join(parts) + "\n"


def _losses(metrics: Mapping[str, Any]) -> str:
    lines = ["| epoch | training, bits | validation, bits | gap, bits |", "|---|---|---|---|"]
    for name in ("best", "last"):
        nats = [metrics[name][f"{key}_per_char"] for key in ("loss_nats", "val_loss_nats", "gap_nats")]
        cells = ["–" if number is None else f"{number * NATS_TO_BITS:.3f}" for number in nats]
        lines.append(f"| {name}: {metrics[f'{name}_epoch']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _baselines(metrics: Mapping[str, Any]) -> str:
    lines = ["| on the same held-out text | bits per character |", "|---|---|"]
    lines.append(f"| **this network** | **{metrics['held_out_bits_per_char']:.3f}** |")
    for key, bits in metrics["baseline"].items():
        lines.append(f"| {baseline_name(key)} | {bits:.3f} |")
    return "\n".join(lines)


def baseline_name(key: str) -> str:
    """Return the name of a baseline of reports/scores.json.

    >>> baseline_name("ngram_5_bits_per_char"), baseline_name("bzip2_bits_per_char")
    ('5-gram', 'bzip2')
    """
    return re.sub(r"^ngram_(\d+)$", r"\1-gram", key.removesuffix("_bits_per_char"))


def _scores(metrics: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    columns = {f"temperature {t}": scores for t, scores in metrics["temperature"].items()}
    columns["held-out human text"] = metrics["human"]
    lines = ["| score | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, label in labels.items():
        values = [f"{scores[name]:.3f}" if name in scores else "" for scores in columns.values()]
        lines.append(f"| {label} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def _samples(samples: pd.DataFrame, metrics: Mapping[str, Any]) -> list[str]:
    """Return a table for each temperature: the first, a middle, the best and the last epoch side by side."""
    epochs = samples["epoch"].unique().tolist()
    chosen = sorted({epochs[0], epochs[len(epochs) // 2], metrics["best_epoch"], epochs[-1]})
    return _side_by_side(samples[samples["epoch"].isin(chosen)], metrics["best_epoch"], with_prompt=True)


def _side_by_side(samples: pd.DataFrame, best_epoch: int, *, with_prompt: bool) -> list[str]:
    """Return a table for each temperature, with the first sample of each epoch in a column of its own."""
    tables = []
    for temperature, group in samples.groupby("temperature"):
        rows = group.drop_duplicates("epoch").to_dict("records")
        heads = "".join(f"<th>epoch {r['epoch']}{' (best)' if r['epoch'] == best_epoch else ''}</th>" for r in rows)
        prompts = [f"<i>{as_html(row['prompt'])}</i>" if with_prompt else "" for row in rows]
        cells = "".join(f"<td valign=top>{p}{as_html(r['text'])}</td>" for p, r in zip(prompts, rows, strict=True))
        label = temperature_label(float(str(temperature)))
        tables.append(f"### Temperature {label}\n\n<table><tr>{heads}</tr><tr>{cells}</tr></table>")
    return tables


def as_html(text: str) -> str:
    """Return text for a cell of a table: none of its characters is read as HTML or Markdown."""
    lines = visible(text).replace("\t", " ").split("\n")
    return "<br>".join("".join(f"&#{ord(c)};" if c in SPECIAL else c for c in line) for line in lines)
