"""Whatever becomes of the standard streams, a stage does its work."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stages.core.pipeline.params import SECTIONS
from tests.support.project import ROOT, environment

STAGE = f"{sys.executable} -m stages.check"
LINE = "params.yaml: every setting follows its rule\n"


def shell(command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the shell; the scratch of the project is in `folder`."""
    environment_ = environment() | {"DVC_ROOT": str(folder), **variables}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=ROOT, env=environment_, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("streams", "stdout"),
    [
        ("", LINE),
        ("2>&-", LINE),
        (">&-", ""),
        ("<&-", LINE),
        ("<&- >&- 2>&-", ""),
        ("| head -c3", "par"),
        ("> /dev/full", ""),
        ("| true", ""),
    ],
)
def test_a_stage_works_whatever_its_streams(streams: str, stdout: str, tmp_path: Path) -> None:
    done = shell(f"{STAGE} {tmp_path}/code {streams}", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, stdout, "")
    assert (tmp_path / "code" / "train").read_text(encoding="utf-8").count("\n") > 5


@pytest.mark.parametrize("stage", SECTIONS)
def test_a_stage_starts_without_docstrings(stage: str, tmp_path: Path) -> None:
    done = shell(f"{sys.executable} -m stages.{stage} --help", tmp_path, PYTHONOPTIMIZE="2")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_is_still_an_error_if_nobody_reads_it(tmp_path: Path) -> None:
    assert shell(f"{STAGE} {tmp_path}/code 2>&- | true", tmp_path).returncode == 0
    (tmp_path / "file").write_text("", encoding="utf-8")
    for streams in ("2>&-", ">&- 2>&-", "2>/dev/full"):
        assert shell(f"{STAGE} {tmp_path}/file {streams}", tmp_path).returncode in (1, 120)  # 120: Python's own


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    program = f"import stages.core.pipeline; print(open('{tmp_path}/x', 'w').fileno() > 2)"
    for streams in ("2>&-", "<&-", "<&- 2>&-"):
        assert shell(f'{sys.executable} -W ignore -c "{program}" {streams}', tmp_path).stdout == "True\n"


def test_help_to_a_reader_that_leaves(tmp_path: Path) -> None:
    done = shell(f"{sys.executable} -m stages.cli.main --help | true", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    done = shell(f"{sys.executable} -m stages.cli.main compare one | true", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: compare needs two runs or more.") and done.stderr.count("\n") == 1


def test_log_lines_and_errors_show_the_control_characters_of_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b[31m\x07"
    folder.mkdir()
    (folder / "nietzsche.txt").write_text("zero\0byte", encoding="utf-8")
    for raw, status in ((folder, 0), (folder / "none", 1)):
        paths = raw, tmp_path / "corpus.txt", tmp_path / "corpus.json"
        command = [sys.executable, "-m", "stages.lowercase", *map(str, paths)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment() | {"DVC_ROOT": str(tmp_path)}, capture_output=True, text=True
        )
        assert done.returncode == status
        assert "a\\x1b[31m\\x07" in (done.stderr if status else done.stdout)
        assert not re.search("[\x1b\x07]", done.stdout + done.stderr)
