"""Every way to train: on windows or positions, with carried states, other optimizers, averages, dropout, stacks."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.core.pipeline.errors import UserError
from stages.core.tables.history import HistoryRow
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData, WindowPlan
from stages.core.training.checkpoints import Checkpoints
from stages.core.training.trainer import Trainer
from tests.support.networks import TRAIN_PARAMS
from tests.support.text import made_up_text

BASE = dataclasses.replace(TRAIN_PARAMS, lstm_backend="auto", batch_size=16, units=6)
OPTIONS: dict[str, dict[str, Any]] = {
    "every": {"targets": "every"},
    "carried stack with dropout": {"targets": "every", "carry_state": True, "num_layers": 2, "dropout": 0.2},
    "carried stack of GRU, averages": {
        "network": "gru",
        "targets": "every",
        "carry_state": True,
        "num_layers": 2,
        "ema_decay": 0.5,
    },
    "stack with weights dropped": {"targets": "every", "num_layers": 2, "weight_dropout": 0.4},
    "GRU with weights dropped, carried": {
        "network": "gru",
        "targets": "every",
        "carry_state": True,
        "weight_dropout": 0.4,
    },
    "convolutions with dropout": {"network": "conv", "num_layers": 2, "dropout": 0.2},
    "convolutions at every position": {"network": "conv", "targets": "every", "num_layers": 2, "optimizer": "adamw"},
    "adamw, one cycle, averages": {
        "optimizer": "adamw",
        "weight_decay": 0.01,
        "schedule": "one_cycle",
        "ema_decay": 0.9,
    },
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scratch of each test is in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


def data(num_characters: int = 2000) -> WindowData:
    text = made_up_text(num_characters)
    tokenizer = Characters.of(text)
    plan = WindowPlan(
        window_length=8,
        stride=8,
        num_characters=num_characters,
        num_validation_characters=num_characters // 5,
    )
    return WindowData(tokenizer.encode(text), tokenizer, plan)


def weights(name: str, epoch: int) -> bytes:
    return Checkpoints(name).weights_path(epoch).read_bytes()


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_it_learns_and_goes_on_after_a_stop_with_the_same_bytes(options: dict[str, Any]) -> None:
    params = dataclasses.replace(BASE, **options)
    whole = Trainer(params, data(), Checkpoints("whole")).train(lambda row, seconds: None)
    assert whole[-1].loss_nats_per_char < whole[0].loss_nats_per_char

    def stopping(row: HistoryRow, seconds: float | None) -> None:
        if row.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Trainer(params, data(), Checkpoints("parts")).train(stopping)
    assert Trainer(params, data(), Checkpoints("parts")).train(lambda row, seconds: None) == whole
    assert weights("parts", 3) == weights("whole", 3)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_rollback_leaves_nothing_of_the_epoch_that_diverged(options: dict[str, Any]) -> None:
    """The weights are those of a run that began with the lower rate."""
    params = dataclasses.replace(BASE, epochs=1, **options)
    wild = dataclasses.replace(params, learning_rate=1e30, rollback_learning_rate_factor=params.learning_rate / 1e30)
    (row,) = Trainer(wild, data(), Checkpoints("wild")).train(lambda row, seconds: None)
    assert row.num_rollbacks == 1
    Trainer(dataclasses.replace(params, learning_rate=row.learning_rate), data(), Checkpoints("calm")).train(
        lambda row, seconds: None
    )
    assert weights("wild", 1) == weights("calm", 1)


def test_averages_are_what_is_saved_and_the_weights_themselves_go_on() -> None:
    """With an average of almost only the newest weights, both runs go the same way."""
    plain, averaged = (dataclasses.replace(BASE, ema_decay=decay) for decay in (None, 0.9))
    trainers = {p.ema_decay: Trainer(p, data(), Checkpoints(f"{p.ema_decay}")) for p in (plain, averaged)}
    rows = {decay: trainer.train(lambda row, seconds: None) for decay, trainer in trainers.items()}
    assert [r.loss_nats_per_char for r in rows[None]] == [r.loss_nats_per_char for r in rows[0.9]]
    assert [r.val_loss_nats_per_char for r in rows[None]] != [r.val_loss_nats_per_char for r in rows[0.9]]
    # after the last epoch, the network holds the weights themselves again
    for expected, received in zip(
        trainers[None].network.get_weights(), trainers[0.9].network.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(received, expected)


def test_too_few_windows_for_the_streams_are_refused() -> None:
    params = dataclasses.replace(BASE, targets="every", carry_state=True, batch_size=1000)
    with pytest.raises(UserError, match=r"^params.yaml: train.carry_state reads train.batch_size = 1000 streams"):
        Trainer(params, data(), Checkpoints("few")).train(lambda row, seconds: None)
