"""The table of scores: what is written is read again; what is damaged gets one message."""

import math
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from stages.core.pipeline.errors import UserError
from stages.core.tables.scores import read_scores, scores_csv


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    table = pd.DataFrame({"epoch": [1, 2], "temperature": [0.5, math.inf], "repetition": [0.25, math.nan]})
    path = tmp_path / "scores.csv"
    path.write_text(scores_csv(table), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "epoch,temperature,repetition\n1,0.5,0.25\n2,inf,\n"
    assert_frame_equal(read_scores(path), table)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "No columns to parse from file"),
        ("epoch,temperature\n1,0.5\n", "its columns must be epoch, temperature and scores"),
        ("temperature,epoch,repetition\n0.5,1,1\n", "its columns must be epoch, temperature and scores"),
        (",".join(["epoch,temperature", *map(str, range(99))]), "its columns must be epoch, temperature and scores"),
        ("epoch,temperature,repetition\n", "no scores"),
        ("epoch,temperature,repetition\none,0.5,1\n", "could not convert string to float: 'one'"),
    ],
)
def test_a_damaged_table_is_one_message(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        read_scores(path)
    assert str(error.value) == f"{path}: damaged ({reason}). Run `dvc checkout`, or `dvc repro` to make it again."
