"""What `zarathustra plan` estimates from."""

from pathlib import Path

import pytest

from stages.core.pipeline import timing

TRAIN = {"network": "lstm", "units": 8, "epochs": 2, "learning_rate": 0.01}


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))


def test_a_speed_belongs_to_a_network_whatever_its_epochs_and_learning_rate() -> None:
    timing.note_speed(TRAIN, 1234.5)
    assert timing.last_speed(TRAIN | {"epochs": 60, "learning_rate": 0.1}) == 1234.5
    assert timing.last_speed(TRAIN | {"units": 9}) is None


@pytest.mark.parametrize("content", ["", "soon", "nan", "-1", "inf"])
def test_what_is_no_time_is_not_known(content: str, tmp_path: Path) -> None:
    timing.note_seconds("train", 2)
    assert timing.last_seconds("train") == 2
    (tmp_path / "models/.resume/seconds/train").write_text(content, encoding="utf-8")
    assert timing.last_seconds("train") is None


def test_a_scratch_that_cannot_be_written_stops_no_stage(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way", encoding="utf-8")
    timing.note_seconds("train", 2)
    assert timing.last_seconds("train") is None
