"""Training epoch by epoch, so that every epoch can be resumed, taken back, or trained alone.

Legend: n windows, B windows in a batch, T characters in a window.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline import progress
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import TrainParams
from stages.core.pipeline.randomness import generator
from stages.core.tables.history import NATS_TO_BITS, HistoryRow
from stages.core.text.windows import WindowData
from stages.core.training.checkpoints import Checkpoints
from stages.core.training.keras.build import build_network, optimizer_state, set_optimizer_state
from stages.core.training.keras.tensorflow import keras, tf
from stages.core.training.shuffle import Permutation

VALIDATION_BATCH_SIZE = 512
BATCHES_AT_ONCE = 32
Pair = tuple[NDArray[Any], NDArray[Any]]  # windows (n, T) and targets (n,)
Order = Callable[[NDArray[np.int64]], NDArray[np.int64]]
logger = logging.getLogger(__name__)


def gathered(data: Pair, num_windows: int, order: Order | None = None) -> Iterator[Pair]:
    """Give so many windows (n, T) and targets (n,) at a time, in the order of a permutation or as they stand."""
    windows, targets = data
    for first in range(0, len(targets), num_windows):
        places = np.arange(first, min(first + num_windows, len(targets)))
        if order is not None:
            places = order(places)
        yield windows[places].astype(np.int32), targets[places].astype(np.int32)


def dataset(data: Pair, batch_size: int, order: Order | None = None) -> tf.data.Dataset:
    """Return what `gathered` gives, in batches, as TensorFlow takes it."""
    windows, targets = data
    signature = (tf.TensorSpec((None, windows.shape[1]), tf.int32), tf.TensorSpec((None,), tf.int32))
    # what TensorFlow asks Python for takes time each time: many batches at once
    chunks = tf.data.Dataset.from_generator(
        lambda: gathered(data, BATCHES_AT_ONCE * batch_size, order), output_signature=signature
    )
    # left on, the thread that tunes it can make the end of an epoch wait up to as long as the epoch took
    options = tf.data.Options()
    options.autotune.enabled = False
    num_batches = -(-len(targets) // batch_size)
    batches = chunks.rebatch(batch_size).prefetch(2)
    return batches.apply(tf.data.experimental.assert_cardinality(num_batches)).with_options(options)


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Shows how an epoch goes, and ends it early when the loss is no number any more."""

    def __init__(self, title: str, num_batches: int, characters_per_batch: int) -> None:
        super().__init__()
        self._bar = progress.bar(total=num_batches * characters_per_batch, desc=title, unit="char", unit_scale=True)
        self._characters = characters_per_batch
        self.loss = math.nan

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the loss; `batch` is the last one of those that were trained since the last look."""
        self.loss = float((logs or {})["loss"])
        self._bar.set_postfix(loss=f"{self.loss:.4f}", refresh=False)
        self._bar.update((batch + 1) * self._characters - self._bar.n)
        if not math.isfinite(self.loss):
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Take the bar away."""
        self._bar.close()


class Trainer:
    """Trains the epochs that the checkpoints lack."""

    def __init__(self, params: TrainParams, data: WindowData, checkpoints: Checkpoints) -> None:
        self.params = params
        self.data = data
        self.checkpoints = checkpoints
        self.network = build_network(params, data.tokenizer.size, data.plan.window_length)
        self._initial_weights = self.network.get_weights()
        self._initial_optimizer = optimizer_state(self.network)
        self._state_epoch = 0  # the epoch whose state the network is in

    def train(self, on_epoch: Callable[[HistoryRow, float | None], None]) -> list[HistoryRow]:
        """Train all epochs, 1 to `params.epochs`; return the rows of the history.

        Args:
            on_epoch: is given each row, and the seconds that its training took (None: it was there).
        """
        rows: list[HistoryRow] = []
        for epoch in range(1, self.params.epochs + 1):
            row = self.checkpoints.row(epoch)
            seconds = None
            if row is None:
                started = time.perf_counter()
                row = self._train_epoch(epoch, rows)
                seconds = time.perf_counter() - started
            rows.append(row)
            on_epoch(row, seconds)
        return rows

    def _train_epoch(self, epoch: int, rows: list[HistoryRow]) -> HistoryRow:
        """Train one epoch; as long as it diverges, go back to where it began and lower the learning rate."""
        learning_rate = rows[-1].learning_rate if rows else self.params.learning_rate
        best = min((row.loss_nats_per_char for row in rows), default=math.inf)
        num_left = self.params.max_rollbacks - sum(row.num_rollbacks for row in rows)
        for num_rollbacks in range(num_left + 1):
            self._restore(epoch - 1)
            self.network.optimizer.learning_rate.assign(learning_rate)
            loss = self._fit(epoch)
            if not self._diverged(loss, best):
                return self._save(epoch, loss, learning_rate, num_rollbacks)
            if num_rollbacks == num_left:
                break
            lower = learning_rate * self.params.rollback_learning_rate_factor
            logger.warning(
                "Epoch %d diverged (loss %.4f, best so far %.4f): back to epoch %d, learning rate %g -> %g.",
                *(epoch, loss, best, epoch - 1, learning_rate, lower),
            )
            learning_rate = lower
        raise UserError(
            f"Training diverged at epoch {epoch} (loss {loss:.4f}, best so far {best:.4f}) after it was taken back "
            f"train.max_rollbacks = {self.params.max_rollbacks} times. "
            "Lower train.learning_rate or set train.clip_norm in params.yaml."
        )

    def _fit(self, epoch: int) -> float:
        order = Permutation(len(self.data.training[1]), generator(self.params.random_seed, "shuffle", epoch))
        batches = dataset(self.data.training, self.params.batch_size, order)
        characters_per_batch = self.params.batch_size * self.data.plan.window_length
        watch = Watch(f"epoch {epoch}/{self.params.epochs}", len(batches), characters_per_batch)
        self._state_epoch = -1  # neither before nor after, should this be left in the middle
        fitted = self.network.fit(batches, shuffle=False, verbose=0, callbacks=[watch])
        return float(fitted.history["loss"][0])

    def _diverged(self, loss: float, best: float) -> bool:
        margin = self.params.divergence_margin_nats
        return margin is not None and not (math.isfinite(loss) and loss <= best + margin)

    def _save(self, epoch: int, loss: float, learning_rate: float, num_rollbacks: int) -> HistoryRow:
        validation = dataset(self.data.validation, VALIDATION_BATCH_SIZE)
        val_loss = float(self.network.evaluate(validation, verbose=0))
        row = HistoryRow(
            epoch=epoch,
            loss_nats_per_char=loss,
            val_loss_nats_per_char=val_loss,
            val_bits_per_char=val_loss * NATS_TO_BITS,
            learning_rate=learning_rate,
            num_rollbacks=num_rollbacks,
        )
        self.checkpoints.save(row, self.network.save_weights, optimizer_state(self.network))
        self._state_epoch = epoch
        return row

    def _restore(self, epoch: int) -> None:
        """Put the network and its optimizer into their state after an epoch; 0 is before the first."""
        if self._state_epoch == epoch:
            return
        if epoch == 0:
            self.network.set_weights(self._initial_weights)
            set_optimizer_state(self.network, self._initial_optimizer)
        else:
            self.network.load_weights(self.checkpoints.weights_path(epoch))
            set_optimizer_state(self.network, self.checkpoints.optimizer(epoch))
        self._state_epoch = epoch
