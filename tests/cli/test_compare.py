"""What `zarathustra compare` reads and shows."""

import re
from pathlib import Path

import pytest

from stages.cli.compare import in_columns
from stages.cli.compare_page import page
from stages.cli.compared_runs import ComparedRun, Epoch, read_losses
from stages.cli.continuations import Continuation
from stages.cli.runs import Logged
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.visible import visible


def test_a_page_of_hostile_names_is_harmless() -> None:
    run = ComparedRun(Logged(None, None, "<b>$x\x1b[2J"), {}, [Epoch(1, dict.fromkeys(LOSS_NAMES, 1.0))], None)  # type: ignore[arg-type]
    text = page([run], {"<i>": [["\x1b", "<td>"], ["a", "b"]]}, {"t": [Continuation("<h>", "<p>\n", "</mark>\u202e")]})
    assert "\x1b" not in text and "\u202e" not in text
    assert not re.search(r"<(i|b|h|p)>", text)
    assert "<mark>&lt;p&gt;\n</mark>&lt;/mark&gt;\\u202e" in text
    assert "&lt;b&gt;$x\\x1b[2J" in text


LOSS_NAMES = ("loss_nats_per_char", "val_loss_nats_per_char", "val_bits_per_char")


def test_columns_keep_every_character_and_obey_none() -> None:
    long = "a long line that is wrapped\x1b[31m at twelve"
    lines = in_columns([["", "A", "B"], ["", "two  blanks\n\nb", long]], 28).splitlines()
    left, right = ([line.ljust(28)[start : start + 12] for line in lines] for start in (2, 16))
    assert [line.rstrip() for line in left[:4]] == ["A", "two  blanks", "", "b"]
    assert "".join(line.rstrip() for line in right[1:]).replace(" ", "") == visible(long).replace(" ", "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no epochs."),
        ("epoch,loss_nats_per_char,val_loss_nats_per_char,val_bits_per_char\n", "has no epochs."),
        ("name,height\nAda,1\n", "is not a table of losses ('epoch')."),
        ("epoch,loss_nats_per_char,val_loss_nats_per_char,val_bits_per_char\none,1,1,1\n", "is not a table of losses"),
        ("epoch,loss_nats_per_char,val_loss_nats_per_char,val_bits_per_char\n1,1\n", "is not a table of losses"),
        ("\xff", "is not a table of losses"),
    ],
)
def test_an_empty_or_foreign_history_is_one_message(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(UserError, match=re.escape(f"one: its history.csv {message}")) as error:
        read_losses(path, "one")
    assert "`zarathustra sync` logs them again." in str(error.value)


def test_diverged_epochs_are_never_the_best() -> None:
    rows = [Epoch(i, dict.fromkeys(LOSS_NAMES, loss)) for i, loss in enumerate((float("nan"), 2.0, 1.5), 1)]
    assert ComparedRun(Logged(None, None, "a"), {}, rows, None).best.epoch == 3  # type: ignore[arg-type]
    assert ComparedRun(Logged(None, None, "a"), {}, rows[:1], None).best.epoch == 1  # type: ignore[arg-type]
