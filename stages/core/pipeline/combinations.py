"""Settings that are each valid, and make no sense together: one message names both keys."""

from typing import Any

from stages.core.pipeline.errors import UserError


def require_compatible(train: Any, vectorize: Any, kind: Any) -> None:
    """Refuse what cannot be trained.

    Args:
        train: a TrainParams.
        vectorize: a VectorizeParams.
        kind: the NetworkKind of train.network.

    Raises:
        UserError: the first two settings that contradict each other.
    """
    if train.carry_state:
        _refuse(train.targets != "every", "train.carry_state: true needs train.targets: every", train.targets)
        _refuse(
            vectorize.stride != vectorize.window_length,
            "train.carry_state: true needs vectorize.stride equal to vectorize.window_length: each window begins where "
            "the one before it ended",
            f"stride {vectorize.stride}, window_length {vectorize.window_length}",
        )
        _refuse(
            kind.receptive_field is not None,
            "train.carry_state: true needs a train.network with a state, lstm or gru",
            train.network,
        )
    _refuse(
        train.weight_decay > 0 and train.optimizer != "adamw",
        f"train.weight_decay: {train.weight_decay:g} needs train.optimizer: adamw",
        train.optimizer,
    )
    _refuse(
        train.weight_dropout > 0 and kind.receptive_field is not None,
        f"train.weight_dropout: {train.weight_dropout:g} needs a train.network with recurrent weights, lstm or gru",
        train.network,
    )
    _refuse(
        train.shards > train.batch_size,
        f"train.shards: {train.shards} needs a train.batch_size of at least {train.shards}",
        train.batch_size,
    )
    _refuse(
        train.carry_state and train.batch_size % train.shards != 0,
        f"train.shards: {train.shards} with train.carry_state: true needs a train.batch_size that is a multiple of "
        f"{train.shards}: each shard carries the states of its own streams",
        train.batch_size,
    )
    _refuse(
        train.lstm_backend == "compiled" and train.network != "lstm",
        "train.lstm_backend: compiled needs train.network: lstm",
        train.network,
    )
    if kind.receptive_field is not None:
        field = kind.receptive_field(train.num_layers)
        _refuse(
            field > vectorize.window_length,
            f"train.num_layers: {train.num_layers} convolutions see {field} tokens; vectorize.window_length must be "
            "at least that",
            vectorize.window_length,
        )


def _refuse(is_wrong: bool, rule: str, received: object) -> None:
    if is_wrong:
        raise UserError(f"params.yaml: {rule}. Received: {received}. Change one of them.")
