"""What the README says is true: its generated parts are up to date, its commands run."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.core.pipeline import params
from tests.documents import results, tables
from tests.documents.published import only_published
from tests.support.make import add_makefile, make
from tests.support.project import ROOT, Project, default_params, environment
from tests.support.reruns import ORDER
from tests.support.servers import free_port, serving

DOCUMENTS = ("README.md", "stages/README.md")
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
COMMANDS = [command for line in LINES if (command := line.split("  #")[0].strip())]
SERVERS = {"make ui": "", "make serve": "ping", "mlflow ui --host 127.0.0.1": ""}
ASKS = ["zarathustra reproduce RUN"]  # before it runs code
POSTS = [command for command in COMMANDS if command.startswith("curl ")]  # to `make serve`
EXPERIMENT, UNDO = "dvc exp run -S train.epochs=3", "git restore dvc.lock params.yaml reports && dvc checkout"
EVERY_NETWORK = re.search(r"after `(dvc exp run .*)`", TEXT)[1]  # type: ignore[index]
NETWORKS = re.findall(r"\| `(-S .*)` \|", TEXT)
OTHERS = [command for command in COMMANDS if command not in {*SERVERS, *ASKS, *POSTS, EXPERIMENT, UNDO}]


@pytest.fixture(scope="module")
def newcomer(finished_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with its Makefile and two runs, after `dvc repro`, its results committed."""
    project = finished_project.copy(tmp_path_factory.mktemp("newcomer"))
    add_makefile(project)
    (project.path / "mlflow.db").unlink()
    project.run("zarathustra", "sync")
    project.run("git", "add", ".")
    project.run("git", "commit", "-q", "-m", "Results")
    return project


def with_examples(command: str, project: Project) -> str:
    """The command with the names of runs, a prompt that the small corpus can continue, and the code of that project."""
    runs = [run.info.run_name for run in project.runs("training")]
    command = command.replace("zarathustra ", "python -m stages.cli.main ")
    return command.replace("OTHER", runs[-1]).replace("RUN", runs[0]).replace("what is good?", "ada climbs down")


@pytest.mark.parametrize("document", DOCUMENTS)
@only_published
def test_generated_parts_are_up_to_date(document: str) -> None:
    command = [sys.executable, "-m", "cogapp", "--check", "--diff", document]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\nRun `make docs`."


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    links = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_results_are_made_of_any_finished_run(finished_project: Project) -> None:
    reports = finished_project.path / "reports"
    assert "The published run, 2 epochs" in results.summary(reports)
    samples = results.samples(reports)
    assert samples.count("</tr>") == 1 + 4  # temperatures
    assert samples.count("</td>") == 4 * samples.count("<th>epoch ")


def test_there_is_a_row_for_each_stage() -> None:
    assert [line.split("]")[0] for line in tables.stages().splitlines()[2:]] == [f"| [{stage}" for stage in ORDER]


@pytest.mark.parametrize("command", OTHERS)
def test_command_runs(command: str, newcomer: Project) -> None:
    words = with_examples(command, newcomer)
    if words.startswith("make "):
        newcomer.run(*make(*words.split()[1:]))
    else:
        newcomer.run("sh", "-c", words)


@pytest.mark.parametrize("row", NETWORKS)
def test_settings_of_other_networks_are_valid(row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sections = YAML(typ="safe").load(default_params())
    settings = re.findall(r"-S (\w+)\.(\w+)=(\S+)", f"{EVERY_NETWORK} {row}")
    assert len(settings) > 2
    for section, key, value in settings:
        sections[section][key] = YAML(typ="safe").load(value)
    YAML(typ="safe").dump(sections, Path("params.yaml"))
    assert params.load_all()["train"].targets == "every"


@pytest.mark.parametrize("command", ASKS)
def test_command_asks_before_it_runs_code(command: str, newcomer: Project) -> None:
    printed = newcomer.run("sh", "-c", with_examples(command, newcomer), status=1)
    assert "reproduce runs the code above, and nobody can confirm that here." in printed


@pytest.mark.parametrize(("command", "page"), SERVERS.items())
def test_server_answers(command: str, page: str, newcomer: Project) -> None:
    assert command in COMMANDS
    port = str(free_port())
    words = command.split()
    started = make(*words[1:], f"PORT={port}") if words[0] == "make" else [*words, "--port", port]
    patient = {"MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT": "300"}  # where other tests take the processors
    with serving(started, newcomer.path, f"http://127.0.0.1:{port}/{page}", patient):
        for post in POSTS if command == "make serve" else []:
            answer = newcomer.run("sh", "-c", with_examples(post, newcomer).replace("5001", port) + " --silent")
            (text,) = json.loads(answer)["predictions"]
            assert len(text["text"]) == 200


def test_the_experiment_that_the_readme_offers_is_undone_as_it_says(newcomer: Project) -> None:
    assert {EXPERIMENT, UNDO} <= {*COMMANDS}
    before = newcomer.locked_outputs()
    newcomer.run("sh", "-c", EXPERIMENT)
    assert newcomer.locked_outputs() != before
    newcomer.run("sh", "-c", UNDO)
    assert newcomer.locked_outputs() == before
    assert newcomer.run("git", "status", "--porcelain", "--untracked-files=no") == ""
    assert "Data and pipelines are up to date." in newcomer.run("dvc", "repro")
