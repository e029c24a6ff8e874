"""The bar of an epoch, as a terminal shows it."""

import io
import sys

import pytest

from stages.core.training.keras.progress import EpochBar


class Terminal(io.StringIO):
    """Keeps what is written to it."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("seconds_after", "left"), [(1500.0, ", after this epoch=25 min"), (None, "")])
def test_the_bar_ends_at_its_total_with_the_loss_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch, seconds_after: float | None, left: str
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    bar = EpochBar("epoch 3 of 60", batch_size=4, num_windows=10, window_length=5, seconds_after=seconds_after)
    for batch in range(3):  # the last is half full
        bar.on_train_batch_end(batch, {"loss": 2.5})
    bar._bar.refresh()  # tqdm itself shows some of the steps
    bar.on_train_end()
    shown = terminal.getvalue().split("\r")
    counted = [line for line in shown if line.startswith("epoch 3 of 60:")]
    assert "0.00/50.0" in counted[0] and "50.0/50.0" in counted[-1]
    assert f"loss=2.5000{left}]" in counted[-1]
    assert shown[-1].strip() == ""  # it disappears
