"""Training epoch by epoch, so that every epoch can be resumed, rolled back, or trained alone."""

import logging
import math
import time
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import TrainParams
from stages.core.tables.history import NATS_TO_BITS, HistoryRow
from stages.core.text.windows import WindowData
from stages.core.training.batches import Examples, training_examples, validation_examples
from stages.core.training.checkpoints import Checkpoints
from stages.core.training.divergence import has_diverged, loss_limit
from stages.core.training.keras.build import (
    begin_epoch,
    build_network,
    optimizer_state,
    reset_states,
    set_optimizer_state,
)
from stages.core.training.keras.callbacks import LearningRate, RawWeights, StopAtNaN
from stages.core.training.keras.progress import EpochBar
from stages.core.training.keras.tensorflow import keras
from stages.core.training.schedules import SCHEDULES
from stages.core.training.stopping import stops_early

RAW = "raw "  # in the names of a checkpoint: a weight itself, where the weights file has its moving average
logger = logging.getLogger(__name__)


class Trainer:
    """Trains the epochs that the checkpoints lack."""

    def __init__(self, params: TrainParams, data: WindowData, checkpoints: Checkpoints) -> None:
        self.params = params
        self.data = data
        self.checkpoints = checkpoints
        self._validation = validation_examples(params, data)
        self._characters_per_token = [
            data.num_characters(each.targets) / max(1, each.targets.size)
            for each in (training_examples(params, data), self._validation)
        ]
        sizes = data.tokenizer.size, data.plan.window_length
        if params.carry_state:
            # a network that carries states has as many streams as it was built for
            self._validator = build_network(params, *sizes, self._validation.batch_size)
        self.network = self._build_network(*sizes)
        self._initial_weights = self.network.get_weights()
        self._initial_optimizer = optimizer_state(self.network)
        self._raw = RawWeights()
        self._state_epoch = 0  # the epoch whose state the network is in
        self._epoch_seconds: float | None = None

    @property
    def num_weights(self) -> int:
        """The number of weights that are trained."""
        return sum(math.prod(v.shape) for v in self.network.trainable_variables)

    @property
    def num_characters(self) -> int:
        """The number of characters that the network reads in an epoch."""
        return round(training_examples(self.params, self.data).num_tokens * self._characters_per_token[0])

    def train(self, on_epoch: Callable[[HistoryRow, float | None], None]) -> list[HistoryRow]:
        """Train epochs 1 to `params.epochs`, or until training ends early; return the rows of the history.

        Args:
            on_epoch: is given each row, and the seconds that its training took (None: already trained).
        """
        rows: list[HistoryRow] = []
        for epoch in range(1, self.params.epochs + 1):
            row = self.checkpoints.row(epoch)
            seconds = None
            if row is None:
                started = time.perf_counter()
                row = self._train_epoch(epoch, rows)
                self._epoch_seconds = seconds = time.perf_counter() - started
            rows.append(row)
            on_epoch(row, seconds)
            patience = self.params.early_stopping_epochs
            if epoch < self.params.epochs and stops_early(patience, [row.val_loss_nats_per_char for row in rows]):
                logger.info("Ends early: the validation loss has not become lower for %d epochs.", patience)
                break
        return rows

    def _train_epoch(self, epoch: int, rows: list[HistoryRow]) -> HistoryRow:
        """Train one epoch; as long as it diverges, go back to where it began and lower the learning rate."""
        learning_rate = rows[-1].learning_rate if rows else self.params.learning_rate
        losses = [row.loss_nats_per_char for row in rows]
        uniform_loss = math.log(self.data.tokenizer.size) / self._characters_per_token[0]
        limit = loss_limit(self.params, losses, uniform_loss)
        num_left = self.params.max_rollbacks - sum(row.num_rollbacks for row in rows)
        for num_rollbacks in range(num_left + 1):
            self._restore(epoch - 1)
            loss = self._fit(epoch, learning_rate)
            if not has_diverged(self.params, loss, limit):
                return self._save(epoch, loss, learning_rate, num_rollbacks)
            if num_rollbacks == num_left:
                break
            lower = learning_rate * self.params.rollback_learning_rate_factor
            logger.warning(
                "Epoch %d diverged (loss %.4f, limit %.4f): rolled back to epoch %d, learning rate %g -> %g.",
                *(epoch, loss, limit, epoch - 1, learning_rate, lower),
            )
            learning_rate = lower
        raise UserError(
            f"Training diverged at epoch {epoch} (loss {loss:.4f}, limit {limit:.4f}) after train.max_rollbacks = "
            f"{self.params.max_rollbacks} rollbacks. Lower train.learning_rate or set train.clip_norm in params.yaml."
        )

    def _build_network(self, vocabulary_size: int, window_length: int) -> keras.Model:
        num_streams = self.params.batch_size if self.params.carry_state else None
        return build_network(self.params, vocabulary_size, window_length, num_streams)

    def _fit(self, epoch: int, learning_rate: float) -> float:
        training = training_examples(self.params, self.data, epoch)
        schedule, num_steps = SCHEDULES[self.params.schedule], self.params.epochs * training.num_batches
        steps_before = (epoch - 1) * training.num_batches
        callbacks = [
            LearningRate(lambda batch: learning_rate * schedule((steps_before + batch) / num_steps)),
            StopAtNaN(),
            self._bar(epoch, training),
        ]
        if self.params.ema_decay is not None:
            callbacks.append(self._raw)
        self._state_epoch = -1  # unknown during an epoch
        begin_epoch(self.network, self.params.random_seed, epoch)
        fitted = self.network.fit(training.dataset(), shuffle=False, verbose=0, callbacks=callbacks)
        return float(fitted.history["loss"][0]) / self._characters_per_token[0]

    def _bar(self, epoch: int, training: Examples) -> EpochBar:
        seconds = self._epoch_seconds
        return EpochBar(
            f"epoch {epoch} of {self.params.epochs}",
            batch_size=training.batch_size,
            num_windows=training.num_used,
            window_length=self.data.plan.window_length,
            seconds_after=None if seconds is None else (self.params.epochs - epoch) * seconds,
        )

    def _save(self, epoch: int, loss: float, learning_rate: float, num_rollbacks: int) -> HistoryRow:
        reset_states(self.network)  # they are part of the weights file
        val_loss = self._validate() / self._characters_per_token[1]
        row = HistoryRow(
            epoch=epoch,
            loss_nats_per_char=loss,
            val_loss_nats_per_char=val_loss,
            val_bits_per_char=val_loss * NATS_TO_BITS,
            learning_rate=learning_rate,
            num_rollbacks=num_rollbacks,
        )
        raw = {f"{RAW}{i:02d}": weight for i, weight in enumerate(self._raw.weights)}
        self.checkpoints.save(row, self.network.save_weights, optimizer_state(self.network) | raw)
        self._set_weights(raw)
        self._state_epoch = epoch
        return row

    def _validate(self) -> float:
        """Return the loss on the held-out text, in nats per token."""
        validator = self.network
        if self.params.carry_state:
            validator = self._validator
            reset_states(validator)
            for variable, value in zip(validator.trainable_variables, self.network.trainable_variables, strict=True):
                variable.assign(value)
        return float(validator.evaluate(self._validation.dataset(), verbose=0))

    def _restore(self, epoch: int) -> None:
        """Put the network and its optimizer into their state after an epoch; 0 is before the first."""
        if self._state_epoch == epoch:
            return
        if epoch == 0:
            self.network.set_weights(self._initial_weights)
            self._set_state(self._initial_optimizer)
        else:
            self.network.load_weights(self.checkpoints.weights_path(epoch))
            self._set_state(self.checkpoints.optimizer(epoch))
        self._state_epoch = epoch

    def _set_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Set the state of the optimizer and, where the weights file has the averages, the weights themselves."""
        self._set_weights({name: value for name, value in state.items() if name.startswith(RAW)})
        set_optimizer_state(self.network, {name: v for name, v in state.items() if not name.startswith(RAW)})

    def _set_weights(self, raw: dict[str, NDArray[Any]]) -> None:
        for variable, value in zip(self.network.trainable_variables, raw.values(), strict=bool(raw)):
            variable.assign(value)
