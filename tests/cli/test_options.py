"""Options of a command line that must follow a rule."""

import os
from pathlib import Path

import pytest

from stages.cli.options import require_replaceable
from stages.core.pipeline.errors import UserError


def test_only_a_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link", "new"):
        require_replaceable("--html", tmp_path / name)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to(os.devnull)
    for path, kind in (
        (Path(os.devnull), "a device or a pipe"),
        (tmp_path / "null", "a device or a pipe"),
        (tmp_path / "pipe", "a device or a pipe"),
        (tmp_path, "a folder"),
    ):
        with pytest.raises(UserError) as refused:
            require_replaceable("--html", path)
        expected = f"--html must be a file, to be written or replaced. Received: '{path}', {kind}."
        assert str(refused.value) == expected
