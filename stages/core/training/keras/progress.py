"""How an epoch goes, for the person who watches."""

from typing import Any

from stages.core.pipeline import progress
from stages.core.training.keras.tensorflow import keras


class EpochBar(keras.callbacks.Callback):  # type: ignore[misc]
    """A bar for one epoch, with its place in the whole run.

    Args:
        title: such as "epoch 3 of 60".
        batch_size: windows in a batch.
        num_windows: of the epoch.
        window_length: tokens in a window.
        seconds_after: the expected time for the epochs after this one, where it is known.
    """

    def __init__(
        self, title: str, *, batch_size: int, num_windows: int, window_length: int, seconds_after: float | None
    ) -> None:
        super().__init__()
        self._bar = progress.bar(total=num_windows * window_length, desc=title, unit="char", unit_scale=True)
        self._batch_size, self._num_windows, self._window_length = batch_size, num_windows, window_length
        self._seconds_after = seconds_after

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move on; `batch` is the index of the last trained batch."""
        done = min((batch + 1) * self._batch_size, self._num_windows) * self._window_length
        shown = {"loss": f"{float((logs or {})['loss']):.4f}"}
        if self._seconds_after is not None:
            shown["after this epoch"] = progress.time_text(self._seconds_after)
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(done - self._bar.n)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Remove the bar."""
        self._bar.close()
