"""Recurrent layers on top of each other."""

from typing import Any

from stages.core.networks.table import option_module
from stages.core.pipeline.params import TrainParams


def layer_options(params: TrainParams) -> list[dict[str, Any]]:
    """Return for each layer, from the ids on, what Keras has to know: all but the last give every position.

    A layer that carries its state begins a window where the same row of the batch before ended.
    """
    every = params.targets == "every"
    return [
        {"return_sequences": every or i < params.num_layers - 1, "stateful": params.carry_state}
        for i in range(params.num_layers)
    ]


def dropping_weights(layer_class: type, params: TrainParams) -> Any:
    """Return the class of a layer, or with train.weight_dropout one that drops recurrent weights in training."""
    if not params.weight_dropout:
        return layer_class
    return option_module("weight_dropout").with_weight_dropout(layer_class, params.weight_dropout)
