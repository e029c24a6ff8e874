"""Settings that contradict each other: one message that names both keys."""

from types import SimpleNamespace
from typing import Any

import pytest

from stages.core.networks.table import NETWORKS
from stages.core.pipeline.combinations import require_compatible
from stages.core.pipeline.errors import UserError
from tests.support.networks import TRAIN_PARAMS


def check(vectorize: dict[str, int], train: dict[str, Any]) -> None:
    require_compatible(SimpleNamespace(**train), SimpleNamespace(**vectorize), NETWORKS[train["network"]])


def message(vectorize: dict[str, int], train: dict[str, Any]) -> str:
    with pytest.raises(UserError) as refused:
        check(vectorize, vars(TRAIN_PARAMS) | train)
    return str(refused.value)


OVERLAPPING, ADJACENT = {"window_length": 60, "stride": 3}, {"window_length": 60, "stride": 60}
BROKEN = [
    (
        ADJACENT,
        {"carry_state": True},
        "train.carry_state: true needs train.targets: every. Received: last.",
    ),
    (
        OVERLAPPING,
        {"carry_state": True, "targets": "every"},
        "train.carry_state: true needs vectorize.stride equal to vectorize.window_length: each window begins where the "
        "one before it ended. Received: stride 3, window_length 60.",
    ),
    (
        ADJACENT,
        {"carry_state": True, "targets": "every", "network": "conv", "lstm_backend": "auto"},
        "train.carry_state: true needs a train.network with a state, lstm or gru. Received: conv.",
    ),
    (
        OVERLAPPING,
        {"weight_decay": 0.01},
        "train.weight_decay: 0.01 needs train.optimizer: adamw. Received: rmsprop.",
    ),
    (
        OVERLAPPING,
        {"network": "conv", "lstm_backend": "auto", "weight_dropout": 0.5},
        "train.weight_dropout: 0.5 needs a train.network with recurrent weights, lstm or gru. Received: conv.",
    ),
    (
        OVERLAPPING,
        {"shards": 4, "batch_size": 3},
        "train.shards: 4 needs a train.batch_size of at least 4. Received: 3.",
    ),
    (
        ADJACENT,
        {"shards": 4, "batch_size": 30, "targets": "every", "carry_state": True},
        "train.shards: 4 with train.carry_state: true needs a train.batch_size that is a multiple of 4: each shard "
        "carries the states of its own streams. Received: 30.",
    ),
    (
        OVERLAPPING,
        {"network": "gru"},
        "train.lstm_backend: compiled needs train.network: lstm. Received: gru.",
    ),
    (
        OVERLAPPING,
        {"network": "conv", "lstm_backend": "auto", "num_layers": 5},
        "train.num_layers: 5 convolutions see 63 tokens; vectorize.window_length must be at least that. Received: 60.",
    ),
]


@pytest.mark.parametrize(("vectorize", "train", "expected"), BROKEN)
def test_a_contradiction_is_refused(vectorize: dict[str, int], train: dict[str, Any], expected: str) -> None:
    assert message(vectorize, train) == f"params.yaml: {expected} Change one of them."


def test_the_rest_is_accepted() -> None:
    train = vars(TRAIN_PARAMS) | {"targets": "every", "carry_state": True, "lstm_backend": "compiled", "num_layers": 2}
    check(ADJACENT, train)
