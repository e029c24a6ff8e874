"""The table of losses: what is written is read again; what is damaged gets one message."""

import math
import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.pipeline.errors import UserError
from stages.core.tables.history import COLUMNS, HistoryRow, history_csv, read_history, read_history_rows

NUMBERS = st.floats(width=64)
HEAD = ",".join(COLUMNS)
OTHER_COLUMNS = f"its columns must be {', '.join(COLUMNS)}"


def rows_of(losses: list[tuple[float, float]]) -> list[HistoryRow]:
    return [
        HistoryRow(
            epoch=i,
            loss_nats_per_char=loss,
            val_loss_nats_per_char=val_loss,
            val_bits_per_char=val_loss / math.log(2),
            learning_rate=0.01,
            num_rollbacks=i % 2,
        )
        for i, (loss, val_loss) in enumerate(losses, start=1)
    ]


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_every_number_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, losses: list[tuple[float, float]]
) -> None:
    path = tmp_path_factory.mktemp("history") / "history.csv"
    rows = rows_of(losses)
    path.write_text(history_csv(rows), encoding="utf-8")
    assert repr(read_history_rows(path)) == repr(rows)
    assert list(read_history(path).columns) == COLUMNS
    # published histories were written by pandas: the same bytes
    assert history_csv(rows) == pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", OTHER_COLUMNS),
        (f"{HEAD}\n", "no epochs"),
        ("epoch,loss_nats_per_char\n1,2.5\n", OTHER_COLUMNS),
        (f"{HEAD},more\n1,2,3,4,5,0,6\n", OTHER_COLUMNS),
        (",".join([HEAD] * 20_000) + "\n", OTHER_COLUMNS),
        (f"{HEAD}\n1,2,3,4,5,0\n3,2,3,4,5,0\n", "the epochs are not 1, 2, 3 and so on"),
        (f"{HEAD}\n1,2,3,4,5,0\n1,2,3,4,5,0\n", "the epochs are not 1, 2, 3 and so on"),
        (f"{HEAD}\none,2,3,4,5,0\n", "invalid literal for int() with base 10: 'one'"),
        (f"{HEAD}\n1,2\n", "a row with too few or too many cells"),
        (f"{HEAD}\n1,2,3,4,5,0,7\n", "a row with too few or too many cells"),
    ],
)
def test_a_damaged_table_is_one_message(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        read_history_rows(path)
    assert str(error.value) == f"{path}: damaged ({reason}). Run `dvc checkout`, or `dvc repro` to make it again."


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "history.csv")
    with pytest.raises(UserError, match="not a file"):
        read_history_rows(tmp_path / "history.csv")
