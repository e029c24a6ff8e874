"""Small networks: settings to train with, and weights drawn at random."""

import dataclasses
import math
from pathlib import Path

import h5py
import numpy as np

from stages.core.networks.description import NetworkDescription
from stages.core.networks.folder import ModelFolder
from stages.core.networks.network import Network
from stages.core.networks.table import stepper_module
from stages.core.pipeline.params import TrainParams
from stages.core.text.characters import Characters

TRAIN_PARAMS = TrainParams(
    random_seed=0,
    epochs=3,
    network="lstm",
    num_layers=1,
    units=8,
    dropout=0.0,
    weight_dropout=0.0,
    targets="last",
    carry_state=False,
    batch_size=64,
    shards=1,
    optimizer="rmsprop",
    learning_rate=0.01,
    schedule="constant",
    weight_decay=0.0,
    ema_decay=None,
    clip_norm=None,
    lstm_backend="compiled",
    divergence_margin_nats=0.25,
    rollback_learning_rate_factor=0.5,
    max_rollbacks=10,
    early_stopping_epochs=None,
)


def description(
    *,
    kind: str = "lstm",
    characters: str = "abcdefg",
    units: int = 5,
    num_layers: int = 1,
    window_length: int = 6,
    targets: str = "last",
    carries_state: bool = False,
) -> NetworkDescription:
    """What network.json of a small network says."""
    described = NetworkDescription(
        kind=kind,
        settings={"units": units, "num_layers": num_layers},
        tokenizer=Characters(characters),
        window_length=window_length,
        targets=targets,
        carries_state=carries_state,
        num_weights=1,
        fingerprint="0" * 64,
        windows_sha256="1" * 64,
    )
    layout = stepper_module(kind).layout(described)
    return dataclasses.replace(described, num_weights=sum(math.prod(shape) for _, shape in layout.values()))


def random_network(described: NetworkDescription, seed: int = 0) -> Network:
    """Return a network with weights as large as trained ones."""
    drawn = np.random.default_rng(seed)
    layout = stepper_module(described.kind).layout(described)
    weights = {name: drawn.normal(scale=1.5, size=shape).astype(np.float32) for name, (_, shape) in layout.items()}
    return Network(described, weights)


def write_model(folder: Path, network: Network, epoch: int = 1) -> ModelFolder:
    """Write a network into a folder like models/, as training does; return the folder."""
    models = ModelFolder(folder)
    models.write_description(network.description)
    path = models.weights_path(epoch)
    path.parent.mkdir(parents=True, exist_ok=True)
    layout = stepper_module(network.description.kind).layout(network.description)
    with h5py.File(path, "w") as file:
        for name, (place, _) in layout.items():
            file[place] = network.weights[name]
    return models
