"""What the stages before have made, as the report reads it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.errors import readable
from stages.core.pipeline.files import read_json
from stages.core.text.windows import WindowData

SCORE_LABELS = {
    "real_word_fraction": "Words that occur in the corpus",
    "entropy_bits": "Entropy of the sampled distributions, in bits",
    "distinct_1": "Distinct words, of all words",
    "distinct_2": "Distinct pairs of words, of all pairs",
    "distinct_3": "Distinct triples of words, of all triples",
    "repetition": "Runs of four words that came before, of all runs",
    "copy_chars": "Longest passage copied from the corpus, in characters",
}


@dataclass(frozen=True)
class Results:
    """Everything that the stages before have made."""

    data: WindowData
    models: ModelFolder
    history: pd.DataFrame
    samples: pd.DataFrame
    scores: pd.DataFrame
    metrics: dict[str, Any]

    @property
    def unread_prompt(self) -> str:
        """Text that the network was not trained on: a prompt to show."""
        cut = self.data.plan.num_training_tokens
        return up_to_a_word(self.data.tokenizer.decode(self.data.ids[cut : cut + self.data.plan.window_length]))


def read_scores(path: Path) -> pd.DataFrame:
    """Return the table of scores, or a UserError where it is damaged."""
    with readable(path):
        return pd.read_csv(path)[["epoch", "temperature", *SCORE_LABELS]].astype(float).astype({"epoch": int})


def read_metrics(path: Path) -> dict[str, Any]:
    """Return what metrics.json holds, or a UserError where it is damaged."""
    with readable(path):
        metrics: dict[str, Any] = read_json(path)
        required = ("best_epoch", "last_epoch", "best", "last", "baseline", "human", "temperature")
        return {name: metrics[name] for name in required} | metrics


def up_to_a_word(text: str) -> str:
    r"""Return the text without the word that its end cuts: inside a word there is little choice of what comes next.

    >>> up_to_a_word("if humanity may\nconver"), up_to_a_word("conver")
    ('if humanity may\n', 'conver')
    """
    return re.sub(r"\S*\Z", "", text) or text
