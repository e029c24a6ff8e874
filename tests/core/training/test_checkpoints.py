"""What is left of a checkpoint after damage: the epoch is trained again."""

import os
from pathlib import Path

import pytest

from stages.core.training.checkpoints import Checkpoints


@pytest.mark.parametrize("content", [b"", b"[]", b"3", b"\xff", b'{"row": []}', b"[" * 100_000, b"9" * 100_000])
def test_a_damaged_record_is_no_epoch_and_goes_away(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    checkpoints = Checkpoints("a" * 64)
    checkpoints.folder.mkdir(parents=True)
    record = checkpoints.folder / "001.json"
    record.write_bytes(content)
    assert checkpoints.row(1) is None
    assert not record.exists()


def test_a_pipe_in_place_of_a_record_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    checkpoints = Checkpoints("a" * 64)
    checkpoints.folder.mkdir(parents=True)
    os.mkfifo(checkpoints.folder / "001.json")
    assert checkpoints.row(1) is None
