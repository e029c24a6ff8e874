"""Small trainings in shards, alone or by several workers:

    python -m tests.support.sharding NAME…

With TF_CONFIG it is one of the workers; the first one prints the hashes of all epochs of each training as JSON.
"""

import dataclasses
import json
import logging
import os
import sys
from typing import Any

from stages.core.pipeline.files import sha256_of, sha256_of_file
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData, WindowPlan
from tests.support.networks import TRAIN_PARAMS
from tests.support.text import made_up_text

FINGERPRINT = "0" * 64
# of 191 windows: 6 batches of 30, cut into shards of 7 and 8 rows, and one of 11
PARAMS = dataclasses.replace(TRAIN_PARAMS, epochs=2, lstm_backend="auto", units=6, batch_size=30, shards=4)
CARRIED = {"targets": "every", "carry_state": True, "num_layers": 2, "batch_size": 16}
CHOICES: dict[str, dict[str, Any]] = {
    "the book's, clipped": {"clip_norm": 0.1},
    "fewer rows than shards at the end": {"batch_size": 189, "shards": 8},
    "layers of Keras": {"lstm_backend": "keras"},
    "every position": {"targets": "every", "optimizer": "adamw", "weight_decay": 0.01, "schedule": "one_cycle"},
    "carried stack": CARRIED,
    "carried stack of GRU, weights dropped": {**CARRIED, "network": "gru", "weight_dropout": 0.4},
    "everything dropped": {**CARRIED, "dropout": 0.2, "weight_dropout": 0.4},
    "convolutions, averages, dropout": {"network": "conv", "num_layers": 2, "dropout": 0.2, "ema_decay": 0.9},
    "rolled back": {"learning_rate": 1e30, "rollback_learning_rate_factor": 1e-32},
}


def windows() -> WindowData:
    """The end of a made-up text is held out."""
    text = made_up_text(1936)
    tokenizer = Characters.of(text)
    plan = WindowPlan(window_length=8, stride=8, num_characters=1936, num_validation_characters=400)
    return WindowData(tokenizer.encode(text), tokenizer, plan)


def main(names: list[str]) -> None:
    """Train each, print hashes."""
    from stages.core.training.checkpoints import Checkpoints
    from stages.core.training.sharded_trainer import ShardedTrainer
    from stages.core.training.workers import ConnectedWorkers, Workers

    logging.disable()
    workers = ConnectedWorkers() if os.environ.get("TF_CONFIG") else Workers()
    hashes = {}
    for name in names:
        fingerprint = sha256_of(name)
        params = dataclasses.replace(PARAMS, **CHOICES[name])
        rows = ShardedTrainer(params, windows(), fingerprint, workers).train(lambda row, seconds: None)
        if workers.index == 0:
            files = [Checkpoints(fingerprint).weights_path(row.epoch) for row in rows]
            hashes[name] = [*map(sha256_of_file, files), sha256_of(repr(rows))]
    if workers.index == 0:
        print(json.dumps(hashes))


if __name__ == "__main__":
    main(sys.argv[1:] or list(CHOICES))
