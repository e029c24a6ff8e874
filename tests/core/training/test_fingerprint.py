"""What makes a training start afresh, and what does not."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from stages.core.pipeline.files import sha256_of
from stages.core.pipeline.params import TrainParams
from stages.core.text.windows import windows_hash
from stages.core.training import fingerprint
from tests.support.networks import TRAIN_PARAMS

SETTINGS = dataclasses.asdict(TRAIN_PARAMS)


def of(settings: dict[str, Any] = SETTINGS, windows_sha256: str = "0" * 64, code_sha256: str = "2" * 64) -> str:
    return fingerprint.training_fingerprint(windows_sha256, settings, code_sha256)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(TrainParams)])
def test_every_setting_counts_but_those_that_only_end_the_training(name: str) -> None:
    assert (of(SETTINGS | {name: 123}) == of()) == (name in ("epochs", "early_stopping_epochs"))


def test_the_number_of_epochs_counts_where_the_schedule_depends_on_it() -> None:
    cycle = SETTINGS | {"schedule": "one_cycle"}
    assert of(cycle | {"epochs": 9}) != of(cycle)


def test_data_code_and_versions_of_packages_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of()
    assert of(windows_sha256="1" * 64) != before
    assert of(code_sha256="1" * 64) != before
    versions = fingerprint.package_versions()
    for name in versions:
        monkeypatch.setattr(fingerprint, "package_versions", lambda name=name: versions | {name: "0.0"})
        assert of() != before


@pytest.mark.parametrize("name", ["ids.npy", "tokenizer.json", "plan.json"])
def test_every_byte_of_the_windows_counts(name: str, tmp_path: Path) -> None:
    for each in ("ids.npy", "tokenizer.json", "plan.json"):
        (tmp_path / each).write_bytes(b"data")
    before = windows_hash(tmp_path)
    (tmp_path / name).write_bytes(b"dat4")
    assert windows_hash(tmp_path) != before


def test_where_a_part_ends_counts() -> None:
    assert sha256_of("ab", "c") != sha256_of("a", "bc")
