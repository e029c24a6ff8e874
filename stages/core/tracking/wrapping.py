"""Samples in lines that MLflow shows whole: it cuts off what is wider than its panel."""

import re

import pandas as pd

from stages.core.pipeline.visible import visible

LINE_LENGTH = 80
PARTS = re.compile(rf"\n|[^\S\n]{{1,{LINE_LENGTH}}}|\S{{1,{LINE_LENGTH}}}")  # line breaks, spaces, words


def wrapped(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the samples, made visible, with line breaks where prompt, bar and text would be too long a line."""
    prompts = [_wrapped(visible(prompt), 0) for prompt in samples["prompt"]]
    columns = [len(prompt.rpartition("\n")[2]) + 1 for prompt in prompts]
    return samples.assign(prompt=prompts, text=list(map(_wrapped, map(visible, samples["text"]), columns)))


def _wrapped(text: str, column: int) -> str:
    """Return the text with long lines broken before a word; it begins in a column of its line."""
    parts = []
    for part in PARTS.findall(text):
        if part not in ("\n", " ") and column and column + len(part) > LINE_LENGTH:  # a space may end a full line
            parts.append("\n")
            column = 0
        parts.append(part)
        column = 0 if part == "\n" else column + len(part)
    return "".join(parts)
