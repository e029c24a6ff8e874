"""`zarathustra new-text`: from files to settings."""

from pathlib import Path
from typing import Any

import pytest

from stages.cli.new_text import edited
from stages.core.pipeline.files import sha256_of_file
from stages.core.text.windows import read_windows
from tests.support.failing_stage import command
from tests.support.files import contents
from tests.support.project import Project, default_params
from tests.support.text import made_up_text

PARAMS = default_params()
TUNE = "X:1\nT:Ebb\nK:G\nGABc dedB|dedB dedB|c2ec B2dB|c2A2 A2BA|\n"


def new_text(project: Project, *arguments: str, status: int = 0) -> str:
    return project.run("python", "-m", "stages.cli.main", "new-text", *arguments, status=status)


def lines_changed(text: str) -> list[str]:
    return [line for line in text.splitlines() if line not in PARAMS.splitlines()]


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, []),
        ({"report.prompt": None, "lowercase.lower_case": True}, []),
        ({"lowercase.lower_case": False}, ["  lower_case: false"]),
        ({"sample.prompts": ["a: b", "ü"]}, ["  prompts:", "    - 'a: b'", "    - ü"]),
    ],
)
def test_only_what_is_changed_changes(changes: dict[str, Any], lines: list[str]) -> None:
    changed = lines_changed(edited(PARAMS, changes))
    assert [line.split("  #")[0].rstrip() for line in changed] == lines


def test_the_files_become_the_corpus(project: Project) -> None:
    before = project.params()
    folder = project.path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("Ä first text. " * 20, encoding="utf-8")
    (project.path.parent / "a.txt").write_text(made_up_text(), encoding="utf-8")
    printed = new_text(project, "texts/a.txt", str(project.path.parent / "a.txt"))
    after = project.params()
    assert after["download"]["files"] == [
        {"name": "a.txt", "sha256": sha256_of_file(folder / "a.txt"), "sources": ["texts/a.txt"]},
        {"name": "a-2.txt", "sha256": sha256_of_file(project.path.parent / "a.txt"), "sources": ["../a.txt"]},
    ]
    assert {section: values for section, values in after.items() if section != "download"} == {
        section: values for section, values in before.items() if section != "download"
    }
    characters = len(set(("Ä first text. " + made_up_text()).lower()))
    assert printed.splitlines() == [
        f"3,280 characters, {characters} distinct characters. Changed in params.yaml:",
        "  download.files: made-up.txt -> a.txt, a-2.txt",
        "The text is short: a network learns little from less than 100,000 characters, and soon overfits; "
        "a million is better. Add texts of the same kind.",
        "All 2 epochs:  dvc repro",
        "Back to the published run:  git restore dvc.lock params.yaml reports && dvc checkout",
    ]
    for stage in ("download", "lowercase", "vectorize"):
        project.run(*command(project, stage))
    data = read_windows(project.path / "data" / "windows")
    assert data.tokenizer.size == characters
    assert data.tokenizer.decode(data.validation_ids[:28]) == ("ä first text. " * 20)[-28:]


def test_what_the_last_text_had_is_undone(project: Project) -> None:
    project.set_params("sample", prompts=["ada"])
    project.set_params("report", prompt="ada")
    project.set_params("lowercase", encoding="cp1252", lower_case=False)
    printed = new_text(project, "../corpus.txt")
    assert "  lowercase.encoding: cp1252 -> utf-8\n  lowercase.lower_case: false -> true\n" in printed
    assert "  report.prompt: ada -> null\n" in printed
    assert project.params()["sample"]["prompts"] is None
    assert project.params()["report"]["prompt"] is None


def test_letters_of_a_tune_book_keep_their_case(project: Project) -> None:
    (project.path / "tunes.abc").write_text(TUNE * 9, encoding="utf-8")
    printed = new_text(project, "tunes.abc")
    assert project.params()["lowercase"]["lower_case"] is False
    assert printed.endswith("Letters keep their case: capital and small letters are different notes.\n")


def test_a_long_text_is_tried_on_fewer_windows(project: Project) -> None:
    project.set_params("train", epochs=60)
    for length, advice in (
        (400_000, "dvc exp run -S train.epochs=5\n"),
        (4_000_000, "dvc exp run -S train.epochs=1 -S vectorize.stride=6\n"),
    ):
        (project.path / "long.txt").write_text("ab\n" * (length // 3), encoding="utf-8")
        printed = new_text(project, "long.txt")
        assert f"A first look, in two to four minutes on two cores:  {advice}" in printed
        assert "short" not in printed


def test_bytes_of_any_file(project: Project) -> None:
    (project.path / "tune.mid").write_bytes(b"MThd\0\0\0\6" + bytes(range(256)) * 9)
    assert "tune.mid: not text but music in MIDI" in new_text(project, "tune.mid", status=1)
    assert new_text(project, "tune.mid", "--tokens", "bytes").startswith("2,312 characters, 230 distinct bytes.")
    assert project.params()["vectorize"]["tokens"] == "bytes"


def test_a_mark_tells_the_encoding(project: Project) -> None:
    (project.path / "wide.txt").write_bytes(made_up_text().encode("utf-16"))
    new_text(project, "wide.txt")
    assert project.params()["lowercase"]["encoding"] == "utf-16"


def put(name: str, content: bytes, project: Project) -> None:
    (project.path / name).write_bytes(content)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.txt"], "absent.txt: No such file. Name a text file."),
        (
            ["data/raw/mine.txt"],
            "params.yaml: download.files[0].sources must be a list, not empty and without repetition, of URLs or paths "
            "outside of data/raw, which is emptied first. Received: ['data/raw/mine.txt'] (of type list).",
        ),
        (["stages"], "stages: is a folder. Name the files in it, such as stages/*.txt."),
        (
            ["http://localhost/a"],
            "http://localhost/a: is a URL. Download the file first, or write the URL into download.files yourself.",
        ),
        (["empty.txt"], "The files must have at least two distinct characters to learn from. Name other files."),
        (
            ["latin.txt"],
            "latin.txt: not utf-8 at byte 2 (0xfc). Give --encoding, the encoding of the file.",
        ),
        (
            ["../corpus.txt", "--encoding", "utf-9"],
            "--encoding must be the name of a text encoding that Python knows. Received: 'utf-9'.",
        ),
        (["/dev/zero"], "/dev/zero: is a pipe or a device. Name a text file."),
        (
            ["short.txt"],
            "params.yaml: vectorize.window_length is too long for this corpus of 12 characters. Received: 10. "
            "The training and the validation part each need a window and the token after it, 11 characters, so the "
            "corpus needs 22. Shorten the window to at most 5 or add text.",
        ),
        (
            ["a\\b.txt"],
            "params.yaml: download.files[0].name must be the name of a file, without folders, that does not begin "
            "with .partial.. Received: 'a\\\\b.txt' (of type str).",
        ),
    ],
)
def test_what_cannot_be_used_changes_nothing(arguments: list[str], message: str, project: Project) -> None:
    (project.path / "data" / "raw").mkdir(parents=True)
    put("data/raw/mine.txt", made_up_text().encode(), project)
    put("empty.txt", b"", project)
    put("latin.txt", b"Gr\xfc\xdfe", project)
    put("short.txt", b"ab" * 6, project)
    put("a\\b.txt", made_up_text().encode(), project)
    before = contents(project.path)
    assert new_text(project, *arguments, status=1) == f"Error: {message}\n"
    assert contents(project.path) == before


def test_the_command_needs_a_project(project: Project, tmp_path: Path) -> None:
    (project.path / "dvc.yaml").unlink()
    assert "Run this in the project's folder." in new_text(project, "../corpus.txt", status=1)
