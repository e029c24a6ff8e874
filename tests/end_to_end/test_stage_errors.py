"""What goes wrong in practice: one message that says what to do, exit status 1, nothing half-written."""

import errno
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stages.core.pipeline.files import atomic_write, sha256_of_file
from stages.core.text.corpus import CorpusOutline
from tests.support.failing_stage import command, message_of
from tests.support.files import contents
from tests.support.project import Project, environment, stages_that_ran


@pytest.fixture
def windows(project: Project) -> Project:
    """A small project whose data/windows are there."""
    for stage in ("download", "lowercase", "vectorize"):
        project.run(*command(project, stage))
    return project


def use_corpus(project: Project, content: bytes) -> None:
    """Make `content` what data/raw and, decoded, data/corpus.txt hold."""
    raw = project.path / "data" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    (raw / "made-up.txt").write_bytes(content)
    (project.path / "data" / "corpus.txt").write_bytes(content)
    outline = CorpusOutline((len(content.decode(errors="replace")),), (len(content),), is_text=True)
    outline.write(project.path / "data" / "corpus.json")


EACH_PART = (
    "The training and the validation part each need a window and the token after it, 11 characters, "
    "so the corpus needs 22"
)


def test_no_source_has_the_file(project: Project) -> None:
    sources = ["nowhere.txt", "http://127.0.0.1:1/made-up.txt"]
    project.set_params("download", files=[{"name": "made-up.txt", "sha256": None, "sources": sources}], retries=0)
    assert message_of(project, "download") == (
        "Error: params.yaml: download.files: no source gave made-up.txt. Correct a source or add one, a URL or a path. "
        "Tried: nowhere.txt: No such file or directory; http://127.0.0.1:1/made-up.txt: Connection refused."
    )


def test_the_file_has_another_hash(project: Project) -> None:
    project.set_params("download", files=[{"name": "made-up.txt", "sha256": "0" * 64, "sources": ["../corpus.txt"]}])
    found = sha256_of_file(project.path / "../corpus.txt")
    assert message_of(project, "download") == (
        "Error: params.yaml: download.files: no source gave made-up.txt. Correct a source or add one, a URL or a path. "
        f"Tried: ../corpus.txt: its sha256 is {found}, not {'0' * 64}; correct the hash or the file."
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"Gr\xfc\xdfe",
            "data/raw/made-up.txt: not utf-8 at byte 2 (0xfc). "
            "Set lowercase.encoding in params.yaml to the encoding of the file.",
        ),
        (b"", "data/raw: the corpus is empty. List a file with text in download.files."),
        ("\ufeff".encode(), "data/raw: the corpus is empty. List a file with text in download.files."),
    ],
)
def test_lowercase_cannot_use_the_files(content: bytes, message: str, project: Project) -> None:
    use_corpus(project, content)
    assert message_of(project, "lowercase") == f"Error: {message}"


def test_lowercase_before_download(project: Project) -> None:
    assert message_of(project, "lowercase") == (
        "Error: data/raw/made-up.txt: No such file or directory. "
        "Nothing half-written was left. `dvc repro` makes what is missing."
    )


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (b"", {}, "data/corpus.txt: the corpus is empty. List a file with text in download.files."),
        (
            b"aaaaaaaaaaaaaaaa",
            {},
            "data/corpus.txt: the corpus must have at least two distinct characters to learn from. "
            "Received: 'a' only. List another file in download.files.",
        ),
        (
            b"abcdefghij",
            {},
            "params.yaml: vectorize.window_length is too long for this corpus of 10 characters. Received: 10. "
            f"{EACH_PART}. Shorten the window to at most 4 or add text.",
        ),
        (
            b"abcdefghijk" * 10,
            {"validation_fraction": 0.05},
            "params.yaml: vectorize.validation_fraction must be from 0.1 to 0.9 for this corpus of 110 characters. "
            f"Received: 0.05, which leaves 105 for training and 5 for validation. {EACH_PART}.",
        ),
        (
            b"abcdefghijk" * 10,
            {"validation_fraction": 0.95},
            "params.yaml: vectorize.validation_fraction must be from 0.1 to 0.9 for this corpus of 110 characters. "
            f"Received: 0.95, which leaves 6 for training and 104 for validation. {EACH_PART}.",
        ),
        (b"gr\xfc\xdfe", {}, "data/corpus.txt: not UTF-8 (invalid start byte). Run `dvc repro` to make it again."),
    ],
)
def test_vectorize_cannot_use_the_corpus(
    content: bytes, settings: dict[str, Any], message: str, project: Project
) -> None:
    use_corpus(project, content)
    project.set_params("vectorize", **settings)
    assert message_of(project, "vectorize") == f"Error: {message}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"prompts": ["Ada!", "foggy é hill!"]},
            "sample.prompts[0] must consist of characters of the corpus. Received: 'Ada!', with '!'. "
            "Remove or replace them.",
        ),
        (
            {"prompts": ["ada", "foggy é hill!"]},
            "sample.prompts[1] must consist of characters of the corpus. Received: 'foggy é hill!', with '!', 'é'. "
            "Remove or replace them.",
        ),
        (
            {"temperatures": [0.5, -0.5]},
            "sample.temperatures must be a list, not empty and without repetition, of numbers >= 0 "
            "(0 is greedy, .inf is uniform). Received: [0.5, -0.5] (of type list).",
        ),
        (
            {"temperatures": [math.nan]},
            "sample.temperatures must be a list, not empty and without repetition, of numbers >= 0 "
            "(0 is greedy, .inf is uniform). Received: [nan] (of type list).",
        ),
    ],
)
def test_sample_cannot_use_its_settings(settings: dict[str, Any], message: str, windows: Project) -> None:
    windows.set_params("sample", **settings)
    assert message_of(windows, "sample") == f"Error: params.yaml: {message}"


@pytest.mark.parametrize("stage", ["sample", "evaluate"])
def test_a_stage_before_those_it_needs(stage: str, project: Project) -> None:
    assert message_of(project, stage) == (
        "Error: data/windows/tokenizer.json: No such file or directory. "
        "Nothing half-written was left. `dvc repro` makes what is missing."
    )


def test_the_memory_is_too_small(windows: Project) -> None:
    script = "from stages.core.pipeline import errors; import numpy; errors.run(lambda: numpy.ones(1 << 50))"
    assert windows.run("python", "-c", script, status=1) == (
        "Error: not enough memory. Unable to allocate 8.00 PiB for an array with shape (1125899906842624,) and "
        "data type float64. Lower what is large in params.yaml, or use a larger machine.\n"
    )


def test_a_terminal_lacks_a_character(project: Project) -> None:
    project.set_params("download", files=[{"name": "ü.txt", "sha256": None, "sources": ["../corpus.txt"]}])
    printed = project.run(*command(project, "download"), PYTHONIOENCODING="ascii")
    assert printed.startswith("\\xfc.txt: from ../corpus.txt, sha256 ")


def test_there_are_no_weights(windows: Project) -> None:
    assert message_of(windows, "sample") == "Error: models/network.json does not exist. Run `dvc repro` first."


def test_windows_are_damaged(windows: Project) -> None:
    with (windows.path / "data/windows/ids.npy").open("r+b") as file:
        file.truncate(200)
    assert message_of(windows, "sample") == (
        "Error: data/windows/ids.npy: damaged (it has another length or type than plan.json and tokenizer.json say). "
        "Run `dvc checkout`, or `dvc repro` to make it again."
    )


# also root cannot write into a file as if it were a folder
@pytest.mark.parametrize(
    ("stage", "place"),
    [("download", "data/raw"), ("lowercase", "data"), ("vectorize", "data/windows"), ("train", "models")],
)
def test_a_file_stands_where_the_folder_belongs(stage: str, place: str, windows: Project) -> None:
    if stage == "lowercase":
        corpus, place = "there/corpus.txt", "there"
    else:
        corpus = place
        shutil.rmtree(windows.path / place, ignore_errors=True)
    (windows.path / place).write_text("in the way", encoding="utf-8")
    words = [corpus if word == "data/corpus.txt" and stage == "lowercase" else word for word in command(windows, stage)]
    before = contents(windows.path)
    printed = windows.run(*words, status=1, PYTHONDONTWRITEBYTECODE="1")
    # training looks for what it can resume before it writes
    reason = r"\S+/models/\.resume/\S+: Not a directory" if stage == "train" else rf"{place}: File exists"
    advice = r"Nothing half-written was left\. Fix that and run the same command again\."
    assert re.fullmatch(rf"Error: {reason}\. {advice}", printed.splitlines()[-1])
    assert "Traceback" not in printed
    assert contents(windows.path) == before


@pytest.fixture
def read_only(windows: Project) -> Iterator[Project]:
    """A small project whose folder data can be read, also by root, but not written."""
    data = str(windows.path / "data")
    mount = ["mount", "-o", "bind,ro", data, data]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a read-only disk cannot be mounted here")
    try:
        yield windows
    finally:
        subprocess.run(["umount", data], check=True)


@pytest.mark.parametrize(
    ("stage", "place"),
    [("download", "data/raw"), ("lowercase", "data/corpus.txt"), ("vectorize", "data/windows/ids.npy")],
)
def test_the_disk_is_read_only(stage: str, place: str, read_only: Project) -> None:
    assert message_of(read_only, stage) == (
        f"Error: {place}: Read-only file system. "
        "Nothing half-written was left. Fix that and run the same command again."
    )


@pytest.mark.parametrize("names", [(None, None), ("partial", None), ("source", "partial"), ("partial", "path")])
def test_an_error_of_writing_names_the_final_file(names: tuple[str | None, str | None], tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    with pytest.raises(OSError, match="No room") as error, atomic_write(path) as partial:
        known = {None: None, "source": "source.txt", "partial": str(partial), "path": str(path)}
        raise OSError(errno.ENOSPC, "No room", known[names[0]], None, known[names[1]])
    assert error.value.filename == str(path)


@pytest.fixture
def training(windows: Project) -> Iterator[subprocess.Popen[str]]:
    """Training that would take for ever; afterwards it has to have ended as Ctrl-C ends it."""
    windows.set_params("train", epochs=999)
    process = subprocess.Popen(
        [sys.executable, *command(windows, "train")[1:]],
        cwd=windows.path,
        env=environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        yield process
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        printed = process.stdout.read()
    assert process.returncode == 1
    assert printed.splitlines()[-1] == "Interrupted. `dvc repro` resumes after the last whole epoch."
    assert "Traceback" not in printed
    assert not (windows.path / "reports" / "history.csv").exists()
    assert not list(windows.path.rglob(".partial.*"))


def test_training_is_interrupted(training: subprocess.Popen[str]) -> None:
    assert training.stdout is not None
    while not training.stdout.readline().startswith("epoch "):
        assert training.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_training_is_interrupted_while_it_imports_tensorflow(training: subprocess.Popen[str]) -> None:
    while "tensorflow" not in Path(f"/proc/{training.pid}/maps").read_text(encoding="utf-8"):
        assert training.poll() is None
        time.sleep(0.01)


@pytest.mark.parametrize("stage", ["download", "lowercase", "vectorize", "train", "sample", "evaluate", "report"])
def test_ctrl_c_while_a_stage_still_imports_is_one_message(stage: str, project: Project, tmp_path: Path) -> None:
    for first_of_others in ("tqdm", "numpy", "pandas", "pooch", "ruamel"):
        (tmp_path / f"{first_of_others}.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    printed = project.run(*command(project, stage), status=1, PYTHONPATH=str(tmp_path))
    assert printed == "\nInterrupted. Run the same command again to continue.\n"


def test_what_a_killed_process_was_writing_is_removed_and_what_a_living_one_writes_is_not(project: Project) -> None:
    write = (
        "import os, sys, pathlib; from stages.core.pipeline.files import atomic_write\n"
        "with atomic_write(pathlib.Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half'); print(partial, flush=True); sys.stdin.read()"
    )
    written = {}
    for name in ("data/killed.txt", "models/.resume/0123/living.json"):
        command_line = [sys.executable, "-c", write, name]
        process = subprocess.Popen(command_line, cwd=project.path, stdin=-1, stdout=-1, text=True)
        assert process.stdout is not None
        written[name] = process, project.path / process.stdout.readline().rstrip("\n")
    (killed, abandoned), (living, in_work) = written.values()
    killed.kill()
    killed.communicate()
    somebody_elses = project.path / "data" / ".partial.txt"
    somebody_elses.write_text("notes", encoding="utf-8")
    project.run(*command(project, "download"))
    assert not abandoned.parent.exists()
    assert in_work.exists() and somebody_elses.exists()
    living.communicate()
    assert (project.path / "models/.resume/0123/living.json").read_text(encoding="utf-8") == "half"
    assert not in_work.parent.exists()


@pytest.mark.parametrize(
    ("stage", "name", "content"),
    [
        ("evaluate", "history.csv", b""),
        ("evaluate", "history.csv", b"epoch,loss_nats_per_char\n1,2.5\n"),
        ("report", "history.csv", b"\xff"),
        ("evaluate", "samples.csv", b"epoch,temperature,prompt,text,entropy_nats\n"),
        ("evaluate", "samples.csv", b"epoch\none\n"),
        ("report", "scores.csv", b"epoch,temperature\n1,0.5\n"),
        ("report", "scores.json", b"{"),
        ("report", "scores.json", b"[1]"),
        ("report", "scores.json", b'{"best_epoch": 1}'),
    ],
)
def test_a_damaged_table_is_named(stage: str, name: str, content: bytes, project_with_outputs: Project) -> None:
    (project_with_outputs.path / "reports" / name).write_bytes(content)
    message = message_of(project_with_outputs, stage)
    assert message.startswith(f"Error: reports/{name}: damaged (")
    assert message.endswith("). Run `dvc checkout`, or `dvc repro` to make it again.")


@pytest.mark.parametrize(
    ("section", "settings"),
    [("train", {"epochs": 0}), ("train", {"epoch": 3}), ("sample", {"temperatures": [-1]}), ("report", {"prompt": 7})],
)
def test_with_a_wrong_setting_dvc_runs_no_stage_and_deletes_nothing(
    section: str, settings: dict[str, Any], project_with_outputs: Project
) -> None:
    project = project_with_outputs
    project.set_params(section, **settings)
    outputs = {name: contents(project.path / name) for name in ("data", "models", "reports")}
    printed = project.run("dvc", "repro", status=255)
    assert stages_that_ran(printed) == {"check"}
    assert f"Error: params.yaml: {section}.{next(iter(settings))} " in printed
    assert {name: contents(project.path / name) for name in outputs} == outputs


@pytest.mark.skipif(shutil.which("setpriv") is None or os.getuid() != 0, reason="drops what root may do by setpriv")
def test_a_folder_that_may_not_be_written_is_named(windows: Project) -> None:
    models = windows.path / "models"
    models.chmod(0o555)
    ordinary = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
    printed = windows.run(*ordinary, *command(windows, "train"), status=1)
    assert "Traceback" not in printed and "Is a directory" not in printed
    assert re.match(r"Error: models/\S+: Permission denied\. ", printed.splitlines()[-1])
