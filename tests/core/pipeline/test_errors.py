"""What a person reads, and what the shell sees, when a command cannot go on."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from stages.cli.options import value_of
from stages.core.pipeline import rules
from stages.core.pipeline.errors import UserError, readable
from stages.core.pipeline.files import read_json
from stages.core.tables.history import COLUMNS, read_history_rows
from tests.support.project import ROOT, environment

ESCAPE = "\x1b[31mX"
PROGRAMS = ("stages.check", "stages.cli.main")


def python(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the shell with $PYTHON, which finds this project from every folder."""
    programs = {"PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment() | programs | variables, capture_output=True, text=True
    )


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 200_000])
def test_json_that_is_nested_too_deeply_is_a_damaged_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=rf"^{path}: damaged \(.*\)\. Run `dvc checkout`"), readable(path):
        read_json(path)


@pytest.mark.parametrize("error", [RecursionError("deep"), OverflowError("large"), csv.Error("a field")])
def test_every_kind_of_damage_is_told(error: Exception) -> None:
    with pytest.raises(UserError, match=rf"^file: damaged \({error}\)"), readable(Path("file")):
        raise error


def test_a_history_with_a_huge_cell_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(f"{','.join(COLUMNS)}\n{'x' * 200_000},1,1,1,1,1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"damaged \(field larger than field limit \(131072\)\)"):
        read_history_rows(path)


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_argument_reaches_the_terminal_as_it_is(program: str) -> None:
    command = ("data/code",) if program == "stages.check" else ("plan",)
    for argument in (ESCAPE, f"--{ESCAPE}", "\u202e"):
        done = python('"$PYTHON" -m "$PROGRAM" "$COMMAND" "$ARGUMENT"', PROGRAM=program, COMMAND=command[0],
                      ARGUMENT=argument)  # fmt: skip
        assert done.returncode == 2
        assert not set(done.stderr) & {"\x1b", "\u202e"}
        assert "unrecognized arguments: " in done.stderr


@pytest.mark.parametrize("streams", [">/dev/full", ">/dev/full 2>/dev/full", "2>/dev/full"])
def test_a_full_disk_behind_the_output_gives_one_message_and_status_1(streams: str) -> None:
    done = python(f'"$PYTHON" -m stages.cli.main {"--help" if streams[0] == ">" else "generate --length z"} {streams}')
    full = "Error: output: No space left on device. Nothing half-written was left. "
    assert done.returncode in ((1, 120) if "2>" in streams else (1,))  # 120: Python's own
    assert done.stderr == ("" if "2>" in streams else f"{full}Fix that and run the same command again.\n")


@pytest.mark.parametrize("program", ["stages.check data/code", "stages.cli.main plan", "stages.cli.main sync"])
def test_a_folder_that_was_removed_is_named_as_the_reason(program: str, tmp_path: Path) -> None:
    done = python(f'mkdir "{tmp_path}/gone"; cd "{tmp_path}/gone"; rmdir "{tmp_path}/gone"; "$PYTHON" -m {program}')
    assert done.returncode == 1
    assert done.stderr == "Error: the current folder was removed. Go to the project's folder (`cd`) and try again.\n"


def test_the_message_about_an_option_is_short() -> None:
    with pytest.raises(UserError) as told:
        value_of("--length", int, rules.integer(1))("9" * 5000)
    assert len(str(told.value)) < rules.LONGEST_SHOWN + 100
