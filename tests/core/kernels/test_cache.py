"""What is compiled is kept, and no state of the folder where it is kept ends a program."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import ROOT, environment

# a small function, compiled as the kernel is; it says how often it came out of the cache
PROGRAM = """
import sys
from stages.core.kernels.compiling import compiled

@compiled
def add_one(x):
    return x + 1

assert add_one(1) == 2
print(sum(add_one.stats.cache_hits.values()))
"""


def run(program: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, program],
        env=environment() | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(program.parent)} | variables,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    damaged = {"empty": b"", "cut": content[: len(content) // 2], "zeros": bytes(len(content)), "one byte": content[:1]}
    path.write_bytes(damaged[how])


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("how", ["empty", "cut", "zeros", "one byte"])
def test_damaged_files_are_compiled_anew_and_replaced(program: Path, suffix: str, how: str) -> None:
    assert run(program).stdout == "0\n"
    assert run(program).stdout == "1\n"
    (path,) = [p for p in program.parent.rglob(f"*.{suffix}") if "add_one" in p.name]
    damage(path, how)
    assert run(program).stdout == "0\n"
    again = run(program)
    assert (again.stdout, again.stderr) == ("1\n", "")


def test_without_a_folder_to_write_it_compiles_and_says_which_variable_helps(program: Path, tmp_path: Path) -> None:
    (program.parent / "__pycache__").write_text("a file where a folder should be: root may write into any folder")
    home = tmp_path / "home"
    home.write_text("")
    variables = {"HOME": str(home), "XDG_CACHE_HOME": str(home)}
    without = run(program, **variables)
    assert without.stdout == "0\n"
    assert without.stderr.count("Set NUMBA_CACHE_DIR to a folder that can be written.") == 1
    for hits in ("0\n", "1\n"):
        kept = run(program, NUMBA_CACHE_DIR=str(tmp_path / "kept"), **variables)
        assert (kept.stdout, kept.stderr) == (hits, "")


def test_a_copy_elsewhere_has_what_was_compiled_and_other_code_has_not(program: Path, tmp_path: Path) -> None:
    assert run(program).stdout == "0\n"
    variables = {"XDG_CACHE_HOME": str(program.parent)}
    copy = tmp_path / "copy" / program.name
    copy.parent.mkdir()
    copy.write_text(PROGRAM)
    assert run(copy, **variables).stdout == "1\n"
    copy.write_text(PROGRAM.replace("x + 1", "1 + x"))
    assert run(copy, **variables).stdout == "0\n"


def test_without_a_folder_of_the_user_it_is_kept_beside_the_code(program: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file where a folder should be")
    for hits in ("0\n", "1\n"):
        kept = run(program, HOME=str(home), XDG_CACHE_HOME=str(home))
        assert (kept.stdout, kept.stderr) == (hits, "")
    assert list(program.parent.glob("__pycache__/*.nbi"))


def test_a_folder_that_becomes_full_ends_nothing(program: Path) -> None:
    full = PROGRAM.replace("assert add", "add_one._cache._cache_file._cache_path = '/dev/full'\nassert add", 1)
    program.write_text(full)
    done = run(program)
    assert done.stdout == "0\n"
    assert "cannot be kept" in done.stderr
