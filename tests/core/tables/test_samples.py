"""The table of samples: what is written is read again."""

import math
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.visible import HARMFUL
from stages.core.tables.samples import read_samples, samples_csv, samples_markdown

SPECIAL = "ab \n`\r\x0c\x00\x1b\x9b\u202e\u2028\u200f\ufeff\uefc3"


def table_of(prompt: str, text: str) -> pd.DataFrame:
    row = {"epoch": 1, "temperature": 0.5, "prompt": prompt, "text": text, "entropy_nats": 0.25}
    return pd.DataFrame([row]).astype({"prompt": "str", "text": "str"})


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


@pytest.mark.parametrize("device", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_pipe_or_a_device_is_not_waited_for(device: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    device(path)
    with pytest.raises(UserError, match=r"samples.csv: damaged \(not a file\)"):
        read_samples(path)


def test_columns_of_other_programs_are_left_out(tmp_path: Path) -> None:
    table = table_of("a", "b")
    path = tmp_path / "samples.csv"
    table.assign(more=1).to_csv(path, index=False)
    assert_frame_equal(read_samples(path), table)


def test_people_see_what_cannot_be_seen_and_the_table_keeps_it(tmp_path: Path) -> None:
    table = table_of("a\x1b[31m", "b\u202ec\x0c\r\nd\uefc3")
    assert "\na\\x1b[31m|b\\u202ec\\x0c\\x0d\nd\\xc3\n" in samples_markdown(table)
    path = tmp_path / "samples.csv"
    path.write_text(samples_csv(table), encoding="utf-8", newline="")
    assert_frame_equal(read_samples(path), table)


@given(st.text(SPECIAL), st.text(SPECIAL))
def test_nothing_in_a_text_is_hidden_or_ends_its_block_of_code(prompt: str, text: str) -> None:
    written = samples_markdown(table_of(prompt, text))
    assert not HARMFUL.search(written)
    _, _, block = written.partition("Temperature 0.5:\n\n")
    opening, *body, closing = block.removesuffix("\n").split("\n")
    assert opening == f"{closing}text"
    assert set(closing) == {"`"} and not any(closing in line for line in body)
