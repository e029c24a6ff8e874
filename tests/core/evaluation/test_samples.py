import math

import numpy as np
import pandas as pd

from stages.core.evaluation.corpus import Corpus
from stages.core.evaluation.samples import scores_of_samples


def test_scores_are_means_over_the_prompts_of_an_epoch_and_temperature() -> None:
    corpus = Corpus("one two three four five six")
    texts = {"all real": " one two three four ", "none real": " eno owt eerht ruof "}
    rows = [
        {"epoch": 1, "temperature": t, "prompt": prompt, "text": text, "entropy_nats": t * math.log(2)}
        for t in (0.5, 1.0)
        for prompt, text in texts.items()
    ]
    table = scores_of_samples(pd.DataFrame(rows), corpus, piece_length=20)
    assert table["temperature"].tolist() == [0.5, 1.0]
    np.testing.assert_allclose(table["entropy_bits"], [0.5, 1.0])
    assert table["real_word_fraction"].tolist() == [0.5, 0.5]
    assert "longest_copy_chars" not in table  # of long texts and short ones it could not be compared


def test_columns_of_words_are_empty_where_the_corpus_has_no_spaces() -> None:
    rows = [{"epoch": 1, "temperature": 1.0, "prompt": "子", "text": "子曰學而時習之", "entropy_nats": 1.0}]
    table = scores_of_samples(pd.DataFrame(rows), Corpus("子曰學而時習之不亦說乎" * 9), piece_length=7)
    assert table["real_word_fraction"].isna().all() and table["distinct_2"].isna().all()
    assert table["copy_chars"].tolist() == [7]
