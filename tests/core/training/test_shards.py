"""Batches in shards against whole batches, by one worker; tests/stress has the same bytes from several."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stages.core.pipeline.files import sha256_of
from stages.core.training.checkpoints import Checkpoints
from stages.core.training.sharded_trainer import ShardedTrainer
from stages.core.training.shards import tree_sum
from stages.core.training.trainer import Trainer
from stages.core.training.workers import Workers
from tests.support.sharding import CHOICES, FINGERPRINT, PARAMS, windows


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scratch of each test is in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


@given(arrays(np.float32, (16, 3), elements=st.floats(-(2.0**100), 2.0**100, width=32)), st.integers(0, 4))
def test_the_sum_is_the_same_on_any_number_of_workers(vectors: Any, bits: int) -> None:
    parts = np.split(vectors, 2**bits)
    assert tree_sum(np.stack([tree_sum(part) for part in parts])).tobytes() == tree_sum(vectors).tobytes()


@pytest.mark.parametrize("num_shards", [1, 4, 16])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 16, 20])
def test_each_shard_belongs_to_one_worker(num_shards: int, count: int) -> None:
    shards: list[int] = []
    for index in range(count):
        workers = Workers()
        workers.index, workers.count = index, count
        own = workers.own(num_shards)
        assert len(own) in (0, num_shards // workers.num_used(num_shards))
        shards += own
    assert shards == list(range(num_shards))


# what is drawn for rows is drawn for each shard: another mask, but the same for the whole batch where it is of weights
COMPARABLE = {name: options for name, options in CHOICES.items() if not options.get("dropout")}


@pytest.mark.parametrize("options", COMPARABLE.values(), ids=COMPARABLE)
def test_shards_train_as_whole_batches_do(options: dict[str, Any]) -> None:
    params = dataclasses.replace(PARAMS, **options)
    whole = dataclasses.replace(params, shards=1)
    expected = Trainer(whole, windows(), Checkpoints("whole")).train(lambda row, seconds: None)
    received = ShardedTrainer(params, windows(), FINGERPRINT, Workers()).train(lambda row, seconds: None)
    for e, r in zip(expected, received, strict=True):
        assert dataclasses.asdict(r) == pytest.approx(dataclasses.asdict(e), rel=1e-3)


@pytest.mark.parametrize("name", ["everything dropped", "convolutions, averages, dropout", "rolled back"])
def test_a_longer_run_in_shards_equals_one_that_never_stopped(name: str) -> None:
    params = dataclasses.replace(PARAMS, **CHOICES[name])
    hashes = []
    for part, epochs in (("whole", (2,)), ("parts", (1, 2))):
        fingerprint = sha256_of(part)
        for each in epochs:
            shorter = dataclasses.replace(params, epochs=each)
            ShardedTrainer(shorter, windows(), fingerprint, Workers()).train(lambda row, seconds: None)
        hashes.append([Checkpoints(fingerprint).weights_path(epoch).read_bytes() for epoch in (1, 2)])
    assert hashes[0] == hashes[1]


def test_a_worker_too_many_takes_part_without_a_shard() -> None:
    class LastOfThree(Workers):
        index, count = 2, 3

        def gather(self, own: Any) -> Any:
            return np.stack([own] * self.count)

        def share(self, data: bytes) -> bytes:
            return data

    params = dataclasses.replace(PARAMS, **CHOICES["carried stack"], epochs=1)
    assert len(ShardedTrainer(params, windows(), FINGERPRINT, LastOfThree()).train(lambda row, seconds: None)) == 1


def test_workers_with_other_settings_are_told_apart() -> None:
    class Different(Workers):
        count = 2

        def gather(self, own: Any) -> Any:
            return np.stack([own, own + 1])

    with pytest.raises(Exception, match=r"^Workers 1 and 2 of 2 have different settings, text or code: copy"):
        ShardedTrainer(PARAMS, windows(), FINGERPRINT, Different())
