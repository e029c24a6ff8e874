"""The scores of the samples of every epoch."""

import numpy as np
import pandas as pd

from stages.core.evaluation.corpus import Corpus
from stages.core.evaluation.scores import WORD_SCORES, score
from stages.core.pipeline import progress
from stages.core.tables.history import NATS_TO_BITS


def scores_of_samples(samples: pd.DataFrame, corpus: Corpus, piece_length: int) -> pd.DataFrame:
    """Return the scores of every epoch and temperature, means over the prompts.

    Columns of words are empty where words are not scored.
    """
    rows = [
        {
            "epoch": row["epoch"],
            "temperature": row["temperature"],
            "entropy_bits": row["entropy_nats"] * NATS_TO_BITS,
            **dict.fromkeys(WORD_SCORES, np.nan),
            **score(row["text"], corpus, piece_length),
        }
        for row in progress.bar(samples.to_dict("records"), desc="samples scored")
    ]
    # the longer a text, the longer its longest copy: not comparable with that of the best epoch
    table = pd.DataFrame(rows).drop(columns="longest_copy_chars")
    return table.groupby(["epoch", "temperature"], as_index=False).mean()
