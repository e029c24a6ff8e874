"""Every command in the README runs, and its results can be made of any run."""

import json
import re

import pytest

from tests.documents import results
from tests.support.make import add_makefile, make
from tests.support.project import ROOT, Project
from tests.support.servers import free_port, serving
from tests.support.text import made_up_text

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
COMMANDS = [command for line in LINES if (command := line.split("  #")[0].strip())]
SERVERS = {"make ui": "", "make serve": "ping", "mlflow ui --host 127.0.0.1": ""}
ASKS = ["zarathustra reproduce RUN"]  # before it runs code
POSTS = [command for command in COMMANDS if command.startswith("curl ")]  # to `make serve`
STUDIES = "studies: {best: [book], networks: [book], collapse: [book]}\nexperiments: {book: {}}\n"  # in place of hours
EXPERIMENT, UNDO = "dvc exp run -S train.epochs=3", "git restore dvc.lock params.yaml reports && dvc checkout"
OWN_TEXTS = {  # what `new-text` says of files like those that the README names
    "стихи.txt": ["download.files: made-up.txt -> стихи.txt"],
    "one.txt two.txt": ["download.files: made-up.txt -> one.txt, two.txt"],
    "tunes.abc": ["lowercase.lower_case: true -> false", "Letters keep their case"],
    "tune.mid --tokens bytes": ["vectorize.tokens: characters -> bytes"],
}
NEW_TEXT = {f"zarathustra new-text {files}": said for files, said in OWN_TEXTS.items()}
OTHERS = [command for command in COMMANDS if command not in {*SERVERS, *ASKS, *POSTS, *NEW_TEXT, EXPERIMENT, UNDO}]


@pytest.fixture(scope="module")
def newcomer(finished_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with its Makefile and two runs, after `dvc repro`, its results committed."""
    project = finished_project.copy(tmp_path_factory.mktemp("newcomer"))
    add_makefile(project)
    (project.path / "mlflow.db").unlink()
    project.run("zarathustra", "sync")
    (project.path / "studies.yaml").write_text(STUDIES, encoding="utf-8")
    project.run("git", "add", ".")
    project.run("git", "commit", "-q", "-m", "Results")
    return project


def with_examples(command: str, project: Project) -> str:
    """The command with the names of runs, a prompt that the small corpus can continue, and the code of that project."""
    runs = [run.info.run_name for run in project.runs("training")]
    command = command.replace("zarathustra ", "python -m stages.cli.main ")
    return command.replace("OTHER", runs[-1]).replace("RUN", runs[0]).replace("what is good?", "ada climbs down")


def test_results_are_made_of_any_finished_run(finished_project: Project) -> None:
    reports = finished_project.path / "reports"
    assert "The published run, 2 epochs" in results.summary(reports)
    samples = results.samples(reports)
    assert samples.count("</tr>") == 1 + 4  # temperatures
    assert samples.count("</td>") == 4 * samples.count("<th>epoch ")


@pytest.mark.parametrize("command", OTHERS)
def test_command_runs(command: str, newcomer: Project) -> None:
    words = with_examples(command, newcomer)
    if words.startswith("make "):
        newcomer.run(*make(*words.split()[1:]))
    else:
        newcomer.run("sh", "-c", words)


@pytest.mark.parametrize(("command", "said"), NEW_TEXT.items())
def test_a_text_of_ones_own(command: str, said: list[str], newcomer: Project) -> None:
    assert command in COMMANDS
    names = [word for word in command.split()[2:] if "." in word]
    for name in names:
        (newcomer.path / name).write_bytes(b"MThd\0\xff" * 99 if name.endswith("mid") else made_up_text().encode())
    printed = newcomer.run("sh", "-c", with_examples(command, newcomer))
    newcomer.run("git", "restore", "params.yaml")
    for name in names:
        (newcomer.path / name).unlink()
    assert [text for text in said if text not in printed] == []


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
