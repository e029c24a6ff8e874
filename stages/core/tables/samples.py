"""The table of samples, reports/samples.csv, and the same as Markdown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from stages.core.pipeline.errors import readable
from stages.core.pipeline.files import require_file
from stages.core.pipeline.params import temperature_label
from stages.core.pipeline.visible import visible

COLUMNS = ["epoch", "temperature", "prompt", "text", "entropy_nats"]


def samples_csv(samples: pd.DataFrame) -> str:
    """Return the table as CSV; a temperature of infinity is written `inf`."""
    table = samples.assign(temperature=[temperature_label(t) for t in samples["temperature"]])
    return table.to_csv(index=False, lineterminator="\n", columns=COLUMNS)


def read_samples(path: Path) -> pd.DataFrame:
    """Return the table of samples; a prompt or text that reads `NA` is text all the same.

    Raises:
        UserError: it is damaged.
    """
    # without newline="", pandas would split lines at a lone carriage return within a quoted text
    with readable(path), require_file(path).open(encoding="utf-8", newline="") as file:
        table = pd.read_csv(
            file,
            usecols=COLUMNS,
            dtype={"epoch": "int64", "temperature": "float64", "prompt": "str", "text": "str"},
            keep_default_na=False,
            na_values={"entropy_nats": [""]},  # of NaN weights
        )
        if table.empty:
            raise ValueError("no samples")
        return table[COLUMNS]


def sample_markdown(row: Mapping[Any, Any]) -> str:
    """Return one sample as Markdown: its temperature, then prompt and text in a block of code."""
    body = f"{row['prompt']}|{row['text']}"
    return f"Temperature {temperature_label(row['temperature'])}:\n\n{fenced(body)}"


def fenced(text: str) -> str:
    """Return a text as a Markdown block of code; its fence is longer than any run of backticks, so it cannot end it.

    It is for people to read: what could not be seen is shown by its code. The CSV file keeps the exact text.
    """
    text = visible(text)
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}\n"


def samples_markdown(samples: pd.DataFrame) -> str:
    """Return all samples as Markdown, epoch by epoch. A bar separates prompt and text."""
    blocks = ["# Samples\n", "A bar `|` stands between the prompt and the text that the network made.\n"]
    for epoch, group in samples.groupby("epoch"):
        blocks.append(f"## Epoch {epoch}\n")
        blocks += [sample_markdown(row) for row in group.to_dict("records")]
    return "\n".join(blocks)
