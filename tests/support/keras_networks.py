"""Networks in Keras beside the same read back for sampling."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.networks.network import Network
from stages.core.networks.table import stepper_module
from stages.core.networks.weights import read_weights
from stages.core.training.keras.build import build_network
from tests.support.networks import TRAIN_PARAMS, description

WINDOW_LENGTH, NUM_STREAMS, UNITS = 5, 3, 6


def trained(
    folder: Any, kind: str, num_layers: int, targets: str, *, carry_state: bool, window_length: int = WINDOW_LENGTH
) -> tuple[Any, Network]:
    """Return a network in Keras, and the same read back from its weights file."""
    params = dataclasses.replace(
        TRAIN_PARAMS,
        network=kind,
        num_layers=num_layers,
        units=UNITS,
        targets=targets,
        carry_state=carry_state,
        lstm_backend="auto",
    )
    described = description(
        kind=kind,
        units=UNITS,
        num_layers=num_layers,
        window_length=window_length,
        targets=targets,
        carries_state=carry_state,
    )
    model = build_network(params, described.tokenizer.size, window_length, NUM_STREAMS if carry_state else None)
    drawn = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(drawn.normal(scale=0.7, size=variable.shape))
    model.save_weights(folder / "w.weights.h5")
    layout = stepper_module(kind).layout(described)
    assert described.num_weights == sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    return model, Network(described, read_weights(folder / "w.weights.h5", layout))


def probabilities(network: Network, ids: NDArray[Any]) -> NDArray[Any]:
    """Return what the stepper gives after each token of some streams, (N, T) to (N, T, V)."""
    next_logits = network.stepper(len(ids))
    logits = np.stack([next_logits(column) for column in ids.T], axis=1).astype(np.float64)
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    made: NDArray[Any] = weights / weights.sum(axis=-1, keepdims=True)
    return made
