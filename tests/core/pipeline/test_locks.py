"""A lock lets one process in, and ends with it."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages.core.pipeline.locks import exclusive, is_held
from tests.support.project import ROOT

HOLD = (
    "import sys; from pathlib import Path; from stages.core.pipeline.locks import hold\n"
    "hold(Path(sys.argv[1]), lambda: print('waiting', flush=True)); print('held', flush=True); sys.stdin.read()"
)


def holding(path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdin=-1, stdout=-1, text=True)


def next_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("end", ["kill", "communicate"])
def test_the_second_waits_until_the_first_has_ended(end: str, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    assert not is_held(path)
    first = holding(path)
    assert next_line(first) == "held\n"
    assert is_held(path)
    second = holding(path)
    assert next_line(second) == "waiting\n"
    getattr(first, end)()
    assert next_line(second) == "held\n"
    first.communicate()
    second.communicate()
    assert not is_held(path)


def test_a_block_that_fails_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), exclusive(path):
        assert is_held(path)
        raise ZeroDivisionError
    assert not is_held(path)
