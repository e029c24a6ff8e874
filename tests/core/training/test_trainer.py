"""Epochs trained, taken back and found damaged, with a real network on a made-up text."""

import dataclasses
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import TrainParams
from stages.core.tables.history import HistoryRow, history_csv
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData, WindowPlan
from stages.core.training.checkpoints import Checkpoints
from stages.core.training.trainer import Trainer
from tests.support.networks import TRAIN_PARAMS as PARAMS
from tests.support.text import made_up_text

# so high a rate that the loss falls, then jumps: within ten epochs for each of twenty seeds, so on any processor
JUMPING = dataclasses.replace(
    PARAMS, epochs=10, learning_rate=3.0, divergence_margin_nats=0.01, rollback_learning_rate_factor=0.1
)
# so high a rate that the weights overflow at once, and the next lower one is that of PARAMS
OVERFLOWING = dataclasses.replace(PARAMS, learning_rate=1e30, rollback_learning_rate_factor=1e-32)
DIVERGING = {"jumping": JUMPING, "overflowing": OVERFLOWING}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scratch of each test is in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def data() -> WindowData:
    text = made_up_text(2000)
    tokenizer = Characters.of(text)
    plan = WindowPlan(window_length=8, stride=2, num_characters=2000, num_validation_characters=200)
    return WindowData(tokenizer.encode(text), tokenizer, plan)


def train(params: TrainParams, data: WindowData, name: str = "run") -> list[HistoryRow]:
    return Trainer(params, data, Checkpoints(name)).train(lambda row, seconds: None)


def weights(name: str, epoch: int) -> bytes:
    return Checkpoints(name).weights_path(epoch).read_bytes()


def test_every_epoch_lowers_the_loss_here_and_is_kept(data: WindowData) -> None:
    rows = train(PARAMS, data)
    losses = [row.loss_nats_per_char for row in rows]
    assert losses == sorted(losses, reverse=True)
    assert [row.epoch for row in rows] == [1, 2, 3]
    assert all(row.val_bits_per_char == pytest.approx(row.val_loss_nats_per_char / math.log(2)) for row in rows)
    assert [Checkpoints("run").row(epoch) for epoch in (1, 2, 3)] == rows


def test_a_run_that_goes_on_equals_one_that_never_stopped(data: WindowData) -> None:
    whole = train(PARAMS, data, "whole")
    train(dataclasses.replace(PARAMS, epochs=1), data, "parts")
    trained: list[tuple[int, bool]] = []
    rows = Trainer(PARAMS, data, Checkpoints("parts")).train(
        lambda row, seconds: trained.append((row.epoch, seconds is not None))
    )
    assert trained == [(1, False), (2, True), (3, True)]
    assert rows == whole
    assert history_csv(rows) == history_csv(whole)
    assert weights("parts", 3) == weights("whole", 3)


def test_training_ends_early_where_the_validation_loss_no_longer_falls_and_goes_on_if_it_may(
    data: WindowData, caplog: pytest.LogCaptureFixture
) -> None:
    # with so high a rate the loss soon goes up and down
    patient = dataclasses.replace(
        PARAMS, epochs=40, learning_rate=0.3, divergence_margin_nats=None, early_stopping_epochs=2
    )
    caplog.set_level(logging.INFO)
    rows = train(patient, data)
    losses = [row.val_loss_nats_per_char for row in rows]
    assert len(rows) < 40
    assert losses.index(min(losses)) == len(rows) - 3
    assert "Ends early: the validation loss has not become lower for 2 epochs." in caplog.text
    assert train(patient, data) == rows
    longer = train(dataclasses.replace(patient, epochs=len(rows) + 1, early_stopping_epochs=None), data)
    assert longer[:-1] == rows


@pytest.mark.parametrize("kind", ["weights.h5", "optimizer.npz", "json"])
def test_a_flipped_byte_is_noticed_named_and_mended(
    kind: str, data: WindowData, caplog: pytest.LogCaptureFixture
) -> None:
    rows = train(PARAMS, data)
    sound = weights("run", 2)
    damaged = Checkpoints("run").folder / f"002.{kind}"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with caplog.at_level(logging.WARNING, "stages"):
        assert train(PARAMS, data) == rows
    assert f"Damaged checkpoint: {damaged}; epoch 2 is trained again." in caplog.messages
    assert weights("run", 2) == sound


@pytest.mark.parametrize("params", DIVERGING.values(), ids=DIVERGING)
def test_a_diverging_run_goes_back_and_lowers_the_rate(
    params: TrainParams, data: WindowData, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "stages"):
        rows = train(params, data)
    assert sum(row.num_rollbacks for row in rows) > 0
    rate, best = params.learning_rate, math.inf
    for row in rows:
        rate *= params.rollback_learning_rate_factor**row.num_rollbacks
        assert row.learning_rate == pytest.approx(rate)
        assert row.loss_nats_per_char <= best + (params.divergence_margin_nats or math.inf)
        best = min(best, row.loss_nats_per_char)
    assert len([m for m in caplog.messages if "diverged" in m]) == sum(row.num_rollbacks for row in rows)


@pytest.mark.parametrize("params", DIVERGING.values(), ids=DIVERGING)
def test_a_diverging_run_is_deterministic_and_resumes_exactly(params: TrainParams, data: WindowData) -> None:
    rows = train(params, data, "once")
    first_bad = next(row.epoch for row in rows if row.num_rollbacks)
    train(dataclasses.replace(params, epochs=first_bad), data, "twice")
    assert train(params, data, "twice") == rows
    assert weights("twice", params.epochs) == weights("once", params.epochs)


def test_the_guard_changes_nothing_in_a_run_that_does_not_diverge(data: WindowData) -> None:
    unguarded = dataclasses.replace(PARAMS, divergence_margin_nats=None)
    assert train(PARAMS, data, "guarded") == train(unguarded, data, "unguarded")
    assert weights("guarded", 3) == weights("unguarded", 3)


def test_too_many_rollbacks_end_with_advice(data: WindowData) -> None:
    params = dataclasses.replace(OVERFLOWING, max_rollbacks=1, rollback_learning_rate_factor=0.999)
    with pytest.raises(UserError) as refused:
        train(params, data)
    limit = math.log(data.tokenizer.size) + 0.25
    assert str(refused.value) == (
        f"Training diverged at epoch 1 (loss nan, limit {limit:.4f}) after train.max_rollbacks = 1 rollbacks. "
        "Lower train.learning_rate or set train.clip_norm in params.yaml."
    )


def test_without_the_guard_a_loss_that_is_no_number_is_recorded(data: WindowData) -> None:
    params = dataclasses.replace(PARAMS, learning_rate=1e38, divergence_margin_nats=None, epochs=2)
    rows = train(params, data)
    assert not math.isfinite(rows[-1].loss_nats_per_char)
    assert len(train(params, data)) == 2


def test_clipping_limits_the_step(data: WindowData) -> None:
    steps: dict[Any, float] = {}
    for clip_norm in (None, 1e-9):
        params = dataclasses.replace(PARAMS, epochs=1, clip_norm=clip_norm)
        trainer = Trainer(params, data, Checkpoints(f"clip {clip_norm}"))
        before = trainer.network.get_weights()
        trainer.train(lambda row, seconds: None)
        after = trainer.network.get_weights()
        steps[clip_norm] = max(float(np.abs(a - b).max()) for a, b in zip(after, before, strict=True))
    assert steps[1e-9] < steps[None] / 10


def test_only_the_last_few_runs_keep_their_scratch(folder: Path) -> None:
    for i in range(7):
        checkpoints = Checkpoints(f"{i:064d}"[::-1])
        checkpoints.remove_others()
    assert len(list((folder / "models" / ".resume").iterdir())) == 4
    assert checkpoints.folder.exists()
