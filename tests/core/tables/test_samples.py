"""The table of samples: what is written is read again."""

import math
from pathlib import Path

import pandas as pd
from pandas.testing import assert_frame_equal

from stages.core.tables.samples import read_samples, samples_csv


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rows = [
        {"epoch": 1, "temperature": 0.5, "prompt": "NA", "text": "null", "entropy_nats": 0.25},
        {"epoch": 1, "temperature": math.inf, "prompt": " \n", "text": '"\r', "entropy_nats": 1e-17},
        # of weights that are no numbers
        {"epoch": 2, "temperature": 0.0, "prompt": "a", "text": ",", "entropy_nats": math.nan},
    ]
    table = pd.DataFrame(rows).astype({"prompt": "str", "text": "str"})
    path = tmp_path / "samples.csv"
    path.write_text(samples_csv(table), encoding="utf-8", newline="")
    assert_frame_equal(read_samples(path), table)
