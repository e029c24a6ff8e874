"""Small networks: settings to train with, and weights drawn at random."""

import numpy as np

from stages.core.networks.description import NetworkDescription
from stages.core.networks.network import Network
from stages.core.networks.table import stepper_module
from stages.core.pipeline.params import TrainParams
from stages.core.text.characters import Characters

TRAIN_PARAMS = TrainParams(
    random_seed=0,
    epochs=3,
    network="lstm",
    units=8,
    batch_size=64,
    learning_rate=0.01,
    clip_norm=None,
    lstm_backend="compiled",
    divergence_margin_nats=0.25,
    rollback_learning_rate_factor=0.5,
    max_rollbacks=10,
)


def description(*, characters: str = "abcdefg", units: int = 5, window_length: int = 6) -> NetworkDescription:
    """What network.json of a small LSTM says."""
    size = len(characters)
    return NetworkDescription(
        kind="lstm",
        settings={"units": units},
        tokenizer=Characters(characters),
        window_length=window_length,
        targets="last",
        num_weights=4 * units * (size + units + 1) + (units + 1) * size,
        fingerprint="0" * 64,
        windows_sha256="1" * 64,
    )


def random_network(described: NetworkDescription, seed: int = 0) -> Network:
    """Return a network with weights as large as trained ones."""
    drawn = np.random.default_rng(seed)
    layout = stepper_module(described.kind).layout(described)
    weights = {name: drawn.normal(scale=1.5, size=shape).astype(np.float32) for name, (_, shape) in layout.items()}
    return Network(described, weights)
