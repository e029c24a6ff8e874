"""What does not fit into memory is refused before the first step."""

import dataclasses
from pathlib import Path

import pytest

from stages.core.pipeline.errors import UserError
from stages.core.training import memory
from tests.support.networks import TRAIN_PARAMS

BOOK = dataclasses.replace(TRAIN_PARAMS, units=128, batch_size=128)


def test_the_defaults_need_about_a_gigabyte() -> None:
    assert memory.bytes_needed(BOOK, 57, 60, 20_000) < 1.3e9


@pytest.mark.parametrize(
    ("changes", "vocabulary_size", "window_length"),
    [
        ({"units": 512, "batch_size": 65_536}, 57, 60),
        ({}, 57, 50_000),
        ({"targets": "every"}, 100_000, 200),
        ({"units": 4096, "num_layers": 32}, 57, 60),
    ],
)
def test_what_is_too_large_is_refused_with_its_keys(
    changes: dict[str, int], vocabulary_size: int, window_length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "memory_limit", lambda: 16_000_000_000)
    params = dataclasses.replace(BOOK, **changes)  # type: ignore[arg-type]
    with pytest.raises(UserError) as refused:
        memory.require_memory(params, vocabulary_size, window_length, 20_000)
    message = str(refused.value)
    assert message.startswith("params.yaml: training needs about ") and "has 16.0 GB" in message
    for key in ("train.batch_size", "train.units", "train.num_layers", "vectorize.window_length"):
        assert key in message


def test_the_limit_of_a_control_group_counts_and_those_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "outer/inner"
    inner.mkdir(parents=True)
    own = tmp_path / "cgroup"
    own.write_text("0::/outer/inner\n", encoding="utf-8")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "OWN_CGROUP", own)
    whole = memory.memory_limit()
    (inner / "memory.max").write_text("max\n", encoding="utf-8")
    assert memory.memory_limit() == whole
    (tmp_path / "outer/memory.max").write_text("5000000\n", encoding="utf-8")
    assert memory.memory_limit() == 5_000_000
    (inner / "memory.max").write_text("4000000\n", encoding="utf-8")
    assert memory.memory_limit() == 4_000_000


def test_version_1_of_control_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "memory/job"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text("3000000\n", encoding="utf-8")
    own = tmp_path / "cgroup"
    own.write_text("9:memory:/job\n4:cpu,cpuacct:/other\n", encoding="utf-8")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "OWN_CGROUP", own)
    assert memory.memory_limit() == 3_000_000
