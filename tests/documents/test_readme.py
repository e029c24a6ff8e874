"""The README says what is so: its tables are made from the source, its commands run."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.documents.readme_tables import README, filled
from tests.support.project import ROOT, Project
from tests.support.servers import free_port, serving

TEXT = README.read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
COMMANDS = [command for line in LINES if (command := line.split("  #")[0].strip())]
SERVERS = {"make ui": "", "make serve": "ping", "mlflow ui --host 127.0.0.1": ""}
RUN_ELSEWHERE = {
    "zarathustra reproduce RUN": ("cli/test_plan_compare_reproduce.py", 'zarathustra("reproduce", '),
}


@pytest.fixture(scope="module")
def newcomer(finished_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with its Makefile and two runs, after `dvc repro`."""
    project = finished_project.copy(tmp_path_factory.mktemp("newcomer"))
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, project.path)
    (project.path / "mlflow.db").unlink()
    project.run("zarathustra", "sync")
    return project


def make(*arguments: str) -> list[str]:
    """`make` in the environment that the tests run in."""
    settings = [f"VENV={sys.prefix}", f"--assume-old={sys.prefix}/.installed", "--no-print-directory"]
    return ["make", *settings, *arguments]


def test_tables_are_up_to_date() -> None:
    assert filled(TEXT) == TEXT, "run `make docs`"


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert [link for link in links if not link.startswith("https://") and not (ROOT / link).exists()] == []


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in SERVERS and c not in RUN_ELSEWHERE])
def test_command_runs(command: str, newcomer: Project) -> None:
    runs = [run.info.run_name for run in newcomer.runs("training")]
    words = command.replace("OTHER", runs[-1]).replace("RUN", runs[0]).replace("what is good?", "ada climbs down")
    if words.startswith("make "):
        newcomer.run(*make(*words.split()[1:]))
    else:
        newcomer.run("sh", "-c", words)


def test_make_repro_removes_what_a_kill_left_of_the_lock_file_of_dvc(newcomer: Project) -> None:
    lock = newcomer.path / ".dvc" / "tmp" / "rwlock"
    lock.write_bytes(b"")
    assert "Unable to read RWLock-file" in newcomer.run("dvc", "repro", status=255)
    newcomer.run(*make("repro"))


@pytest.mark.parametrize(("command", "page"), SERVERS.items())
def test_server_answers(command: str, page: str, newcomer: Project) -> None:
    assert command in COMMANDS
    port = str(free_port())
    words = command.split()
    started = make(*words[1:], f"PORT={port}") if words[0] == "make" else [*words, "--port", port]
    with serving(started, newcomer.path, f"http://127.0.0.1:{port}/{page}"):
        pass


@pytest.mark.parametrize(("command", "test"), RUN_ELSEWHERE.items())
def test_the_others_are_run_elsewhere(command: str, test: tuple[str, str]) -> None:
    assert command in COMMANDS
    path, call = test
    assert call in Path(ROOT, "tests", path).read_text(encoding="utf-8")


def test_help_lists_every_target(newcomer: Project) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    printed = newcomer.run(*make("help"))
    assert [line.split()[1] for line in printed.splitlines()] == targets
