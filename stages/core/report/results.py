"""The outputs of the other stages, as the report reads them."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from stages.core.evaluation.corpus import Corpus
from stages.core.networks.folder import ModelFolder
from stages.core.text.windows import WindowData

# that the report shows
METRICS = ("held_out_bits_per_char", "best_epoch", "last_epoch", "best", "last", "baseline", "human", "temperature")
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
    """The outputs of the other stages."""

    data: WindowData
    models: ModelFolder
    history: pd.DataFrame
    samples: pd.DataFrame
    scores: pd.DataFrame
    metrics: dict[str, Any]

    @property
    def unread_prompt(self) -> str:
        """A prompt that the network was not trained on: the start of the held-out text."""
        return up_to_a_word(self.held_out_text(self.data.plan.window_length))

    def held_out_text(self, num_tokens: int) -> str:
        """Return the start of the text that the network was not trained on."""
        return self.data.tokenizer.decode(self.data.validation_ids[:num_tokens])

    @cached_property
    def corpus(self) -> Corpus:
        """The training text, to compare with."""
        return Corpus.of(self.data)

    @property
    def has_words(self) -> bool:
        """Whether spaces separate the words of the corpus, so that they can be scored and marked."""
        return "real_word_fraction" in self.scores and self.corpus.has_spaces


def up_to_a_word(text: str) -> str:
    r"""Return the text without the word that its end cuts: inside a word the next character is almost certain.

    >>> up_to_a_word("if humanity may\nconver"), up_to_a_word("conver")
    ('if humanity may\n', 'conver')
    """
    return re.sub(r"\S*\Z", "", text) or text
