"""`make`: which Python it takes, what it does without git and after a kill, what it prints and opens."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from stages.core.tracking import view
from tests.support.make import add_makefile, make
from tests.support.project import ROOT, Project
from tests.support.servers import free_port, serving

TOOLS = ("bash", "sh", "awk", "grep", "make", "touch", "test")
SUITS, TOO_NEW = "#!/bin/sh\nexit 0\n", "#!/bin/sh\n[ $1 = --version ] && echo Python 3.14.0\nexit 1\n"


@pytest.fixture(scope="module")
def project(finished_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished project with its Makefile."""
    copy = finished_project.copy(tmp_path_factory.mktemp("make"))
    add_makefile(copy)
    return copy


def set_up(tmp_path: Path, programs: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `make setup` on a machine that has only these programs."""
    for tool in TOOLS:
        (tmp_path / tool).symlink_to(shutil.which(tool) or "")
    for name, script in programs.items():
        (tmp_path / name).write_text(script, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    command = ["make", f"VENV={tmp_path}/none", "setup", *arguments]
    return subprocess.run(command, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("programs", "arguments", "expected"),
    [
        ({"python3": TOO_NEW, "python3.11": SUITS, "python3.13": SUITS}, [], "python3.13 -m venv "),
        ({"python3": TOO_NEW, "python3.13": TOO_NEW, "python3.12": SUITS}, [], "python3.12 -m venv "),
        ({"python3": SUITS}, [], "python3 -m venv "),
        ({"python3.13": SUITS, "mine": SUITS}, ["PYTHON=mine"], "mine -m venv "),
        ({"python3": TOO_NEW, "uv": SUITS}, [], "/uv venv --clear --python 3.13 "),
        ({"python3.11": SUITS, "uv": SUITS}, [], "/uv venv --clear --python python3.11 "),
    ],
)
def test_set_up_takes_a_python_that_suits(
    programs: dict[str, str], arguments: list[str], expected: str, tmp_path: Path
) -> None:
    done = set_up(tmp_path, programs, *arguments)
    assert expected in done.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    ("programs", "arguments", "message"),
    [
        (
            {"python3": TOO_NEW},
            [],
            "Python 3.11, 3.12 or 3.13 is needed, and none was found. This gets one; then run make again:\n"
            '    curl -LsSf https://astral.sh/uv/install.sh | sh && export PATH="$HOME/.local/bin:$PATH"\n',
        ),
        (
            {"python3.13": SUITS, "mine": TOO_NEW},
            ["PYTHON=mine"],
            "Python 3.11, 3.12 or 3.13 is needed. Received: mine, which is Python 3.14.0.\n",
        ),
    ],
)
def test_set_up_says_what_is_missing(
    programs: dict[str, str], arguments: list[str], message: str, tmp_path: Path
) -> None:
    done = set_up(tmp_path, programs, *arguments)
    assert done.returncode != 0
    assert done.stdout == message


def test_repro_removes_what_a_kill_left_of_the_lock_file_of_dvc(project: Project) -> None:
    lock = project.path / ".dvc" / "tmp" / "rwlock"
    lock.write_bytes(b"")
    assert "Unable to read RWLock-file" in project.run("dvc", "repro", status=255)
    project.run(*make("repro"))


def test_repro_runs_in_a_downloaded_archive(project_with_outputs: Project) -> None:
    add_makefile(project_with_outputs)
    shutil.rmtree(project_with_outputs.path / ".git")
    project_with_outputs.set_params("report", prompt="ada climbs down")
    assert "Running stage 'report'" in project_with_outputs.run(*make("repro"))


def test_ui_prints_and_opens_the_address_of_the_runs(project: Project, tmp_path: Path) -> None:
    port = free_port()
    opened = tmp_path / "opened"
    (tmp_path / "browser").write_text(f'#!/bin/sh\necho "$1" > {opened}.new && mv {opened}.new {opened}\n')
    (tmp_path / "browser").chmod(0o755)
    desktop = {"DISPLAY": ":0", "BROWSER": f"{tmp_path}/browser"}
    with serving(make("ui", f"PORT={port}"), project.path, f"http://127.0.0.1:{port}", desktop):
        give_up = time.monotonic() + 60
        while not opened.exists() and time.monotonic() < give_up:
            time.sleep(0.2)
    runs = f"http://127.0.0.1:{port}/#/experiments/1/runs?workflowType=machine_learning"
    address = f"{runs}&viewStateShareKey={view.KEY}"
    assert opened.read_text(encoding="utf-8").strip() == address
    assert f"Runs:   {address}\n" in project.path.with_name("server.log").read_text(encoding="utf-8")


def test_help_lists_every_target(project: Project) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    printed = project.run(*make("help"))
    assert re.findall(r"^  make (\S+)", printed, re.MULTILINE) == targets
