"""Training with train.shards > 1, alone or together with other workers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import sha256_of
from stages.core.pipeline.params import TrainParams
from stages.core.tables.history import HistoryRow
from stages.core.text.windows import WindowData
from stages.core.training.checkpoints import Checkpoints
from stages.core.training.fingerprint import whole_fingerprint
from stages.core.training.keras.build import build_network
from stages.core.training.keras.tensorflow import keras, tf
from stages.core.training.launch import is_worker
from stages.core.training.shards import ShardedNetwork
from stages.core.training.trainer import Trainer
from stages.core.training.workers import ConnectedWorkers, Workers


def first_trainer(params: TrainParams, data: WindowData, fingerprint: str) -> "ShardedTrainer":
    """Return the trainer of the first worker, or of the only one."""
    return ShardedTrainer(params, data, fingerprint, ConnectedWorkers() if is_worker() else Workers())


class SharedCheckpoints(Checkpoints):
    """The checkpoints of the first worker. The others ask it, and write nothing."""

    def __init__(self, fingerprint: str, workers: Workers) -> None:
        super().__init__(fingerprint)
        self._workers = workers

    def save(
        self, row: HistoryRow, save_weights: Callable[[Path], None], optimizer: Mapping[str, NDArray[Any]]
    ) -> None:
        """Keep the state after the epoch of `row`."""
        if self._workers.index == 0:
            super().save(row, save_weights, optimizer)

    def row(self, epoch: int) -> HistoryRow | None:
        """Return the row of the history of an epoch, or None where its checkpoint is absent or damaged."""
        row = super().row(epoch) if self._workers.index == 0 else None
        found = json.loads(self._workers.share(json.dumps(row and asdict(row)).encode()))
        return found and HistoryRow(**found)


class ShardedTrainer(Trainer):
    """A Trainer whose batches are cut into shards; each worker runs one of its own, in step with the others."""

    def __init__(self, params: TrainParams, data: WindowData, fingerprint: str, workers: Workers) -> None:
        self._workers = workers
        whole = whole_fingerprint(fingerprint, params)
        workers.require_equal("settings, text or code: copy the project of the first one, data/windows too", whole)
        super().__init__(params, data, SharedCheckpoints(fingerprint, workers))

    def train(self, on_epoch: Callable[[HistoryRow, float | None], None]) -> list[HistoryRow]:
        """Train as a Trainer does.

        Raises:
            UserError: another worker has ended.
        """
        try:
            return super().train(on_epoch)
        except tf.errors.OpError:
            if self._workers.failure is None:
                raise
            raise UserError(
                f"One of the {self._workers.count} workers of the training has ended, or does not answer: "
                f"{self._workers.failure}. `dvc repro` resumes after the last whole epoch, with as many workers as you "
                "say then."
            ) from None

    def _build_network(self, vocabulary_size: int, window_length: int) -> keras.Model:
        num_shards = self.params.shards
        num_streams = self.params.batch_size // num_shards if self.params.carry_state else None
        model = partial(ShardedNetwork, num_shards=num_shards, workers=self._workers)
        return build_network(self.params, vocabulary_size, window_length, num_streams, model)

    def _fit(self, epoch: int, learning_rate: float) -> float:
        self.network.carried.reset()
        return super()._fit(epoch, learning_rate)

    def _validate(self) -> float:
        """Let the first worker validate, and tell the others."""
        weights = sha256_of(*(np.asarray(v).tobytes() for v in self.network.variables))
        self._workers.require_equal("weights: their processors round differently, use machines of one kind", weights)
        loss = super()._validate() if self._workers.index == 0 else 0.0
        return float(np.frombuffer(self._workers.share(np.float64(loss).tobytes()))[0])

    def _restore(self, epoch: int) -> None:
        """Put the networks of all workers into the state that the first one has after an epoch."""
        if self._state_epoch == epoch:
            return
        if self._workers.index == 0:
            super()._restore(epoch)
        variables = [*self.network.variables, *self.network.optimizer.variables]
        state = self._workers.share(b"".join(np.asarray(v).tobytes() for v in variables))
        for variable in variables:
            array = np.asarray(variable)
            variable.assign(np.frombuffer(state[: array.nbytes], array.dtype).reshape(array.shape))
            state = state[array.nbytes :]
        self._state_epoch = epoch
