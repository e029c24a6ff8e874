"""What makes a training start afresh, and what does not."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest

from stages.core.pipeline.files import sha256_of
from stages.core.pipeline.params import TrainParams
from stages.core.training import fingerprint, shuffle
from stages.core.training.fingerprint import module_path
from tests.core.training.test_trainer import PARAMS

SETTINGS = dataclasses.asdict(PARAMS)


def of(settings: dict[str, Any] = SETTINGS, windows_sha256: str = "0" * 64) -> str:
    return fingerprint.training_fingerprint(windows_sha256, settings)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(TrainParams)])
def test_every_setting_but_the_number_of_epochs_counts(name: str) -> None:
    assert (of(SETTINGS | {name: 123}) == of()) == (name == "epochs")


def test_data_and_versions_of_packages_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of()
    assert of(windows_sha256="1" * 64) != before
    versions = fingerprint.package_versions()
    for name in versions:
        monkeypatch.setattr(fingerprint, "package_versions", lambda name=name: versions | {name: "0.0"})
        assert of() != before


@pytest.mark.parametrize("name", ["ids.npy", "vocabulary.json", "plan.json"])
def test_every_byte_of_the_windows_counts(name: str, tmp_path: Path) -> None:
    for each in ("ids.npy", "vocabulary.json", "plan.json"):
        (tmp_path / each).write_bytes(b"data")
    before = fingerprint.windows_hash(tmp_path)
    (tmp_path / name).write_bytes(b"dat4")
    assert fingerprint.windows_hash(tmp_path) != before


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("ONE_MORE = 1", True),
        ("# a comment", False),
        ("", False),
    ],
)
def test_code_counts_and_comments_do_not(
    line: str, counts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = shuffle.__name__
    changed = Path(shutil.copy(module_path(module), tmp_path))
    before = fingerprint.code_hash(module)
    changed.write_text(changed.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    monkeypatch.setattr(fingerprint, "module_path", lambda m: changed if m == module else module_path(m))
    assert (fingerprint.code_hash(module) != before) == counts


def test_docstrings_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = shuffle.__name__
    changed = tmp_path / "shuffle.py"
    source = module_path(module).read_text(encoding="utf-8")
    for docstring in (shuffle.__doc__, shuffle.Permutation.__doc__, shuffle.Permutation.__call__.__doc__):
        assert docstring is not None and source.count(docstring) == 1
        source = source.replace(docstring, "Other words.")
    changed.write_text(source, encoding="utf-8")
    before = fingerprint.code_hash(module)
    monkeypatch.setattr(fingerprint, "module_path", lambda m: changed if m == module else module_path(m))
    assert fingerprint.code_hash(module) == before


@pytest.mark.parametrize("harmless", fingerprint.HARMLESS)
def test_modules_without_a_say_in_the_numbers_do_not_count(harmless: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = of()
    modules = fingerprint.project_modules("stages.core.training.trainer")
    # they are not even read, for there is no such file
    monkeypatch.setattr(fingerprint, "project_modules", lambda module: [*modules, f"{harmless}.one_more"])
    assert of() == before


def test_where_a_part_ends_counts() -> None:
    assert sha256_of("ab", "c") != sha256_of("a", "bc")
