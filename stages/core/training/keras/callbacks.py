"""What happens between batches: the learning rate is set, a broken loss ends the epoch, raw weights are kept."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.training.keras.tensorflow import keras


class LearningRate(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rate before each execution, which is a few batches."""

    def __init__(self, rate_at: Callable[[int], float]) -> None:
        super().__init__()
        self._rate_at = rate_at

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the rate for the batches from `batch` on."""
        self.model.optimizer.learning_rate.assign(self._rate_at(batch))


class StopAtNaN(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends an epoch early when its loss becomes NaN or infinite."""

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the mean loss so far."""
        if not math.isfinite(float((logs or {})["loss"])):
            self.model.stop_training = True


class RawWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the weights themselves, before Keras puts their moving averages in their place at the end of `fit`."""

    def __init__(self) -> None:
        super().__init__()
        self.weights: list[NDArray[Any]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Copy the weights."""
        self.weights = [np.array(v) for v in self.model.trainable_variables]
