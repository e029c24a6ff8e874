"""The text as batches: windows with their targets, gathered from the ids as they are needed.

Shapes: N tokens of a text, n windows, T tokens in a window, B windows in a batch, S streams.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import TrainParams
from stages.core.pipeline.randomness import generator
from stages.core.text.windows import WindowData, windows
from stages.core.training.keras.tensorflow import tf
from stages.core.training.shuffle import Permutation

BATCHES_AT_ONCE = 32
VALIDATION_BATCH_SIZE = 512  # where only the last position gives logits, a large one is fast
Order = Callable[[NDArray[np.int64]], NDArray[np.int64]]  # (n,) positions in an epoch -> (n,) windows


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Windows and targets, as views into the text, and in which order they come."""

    inputs: NDArray[Any]  # (n, T)
    targets: NDArray[Any]  # (n,) the token after each window; or (n, T) the token after each position
    batch_size: int  # B
    num_used: int  # windows of an epoch, n or fewer
    order: Order | None = None  # None: as they stand

    @property
    def num_batches(self) -> int:
        """The number of batches; the last may be smaller than the others."""
        return -(-self.num_used // self.batch_size)

    @property
    def num_tokens(self) -> int:
        """The number of tokens that the network reads."""
        return self.num_used * int(self.inputs.shape[1])

    def chunks(self, num_windows: int) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
        """Yield num_windows windows and their targets at a time, in order."""
        for first in range(0, self.num_used, num_windows):
            places = np.arange(first, min(first + num_windows, self.num_used))
            if self.order is not None:
                places = self.order(places)
            yield self.inputs[places].astype(np.int32), self.targets[places].astype(np.int32)

    def dataset(self) -> tf.data.Dataset:
        """Return the batches as TensorFlow takes them."""
        signature = tuple(tf.TensorSpec((None, *a.shape[1:]), tf.int32) for a in (self.inputs, self.targets))
        # each call into Python is slow: many batches at once
        chunks = tf.data.Dataset.from_generator(
            lambda: self.chunks(BATCHES_AT_ONCE * self.batch_size), output_signature=signature
        )
        # left on, the thread that tunes it can make the end of an epoch wait up to as long as the epoch took
        options = tf.data.Options()
        options.autotune.enabled = False
        batches = chunks.rebatch(self.batch_size).prefetch(2)
        return batches.apply(tf.data.experimental.assert_cardinality(self.num_batches)).with_options(options)


def training_examples(params: TrainParams, data: WindowData, epoch: int = 1) -> Examples:
    """Return what an epoch trains on."""
    ids, window_length = data.training_ids, data.plan.window_length
    drawn = generator(params.random_seed, "shuffle", epoch)
    if params.carry_state:
        # each epoch cuts the text at other places
        return streams(data, ids[int(drawn.integers(window_length)) :], params.batch_size)
    made = examples(data, ids, every=params.targets == "every", batch_size=params.batch_size)
    return replace(made, order=Permutation(made.num_used, drawn))


def validation_examples(params: TrainParams, data: WindowData) -> Examples:
    """Return what every epoch is validated on."""
    ids = data.validation_ids
    if params.carry_state:
        num_windows = len(windows(ids, data.plan.window_length, data.plan.stride)[0])
        return streams(data, ids, num_validation_streams(num_windows, params.batch_size))
    if params.targets == "every":
        return examples(data, ids, every=True, batch_size=params.batch_size)
    return examples(data, ids, every=False, batch_size=VALIDATION_BATCH_SIZE)


def examples(data: WindowData, ids: NDArray[Any], *, every: bool, batch_size: int) -> Examples:
    """Return the windows of a part of the text, each used once, as they stand.

    Args:
        data: says how long a window is and how far the next one.
        ids: (N,) of the part.
        every: true where each position predicts the next token; false where only the last one does.
        batch_size: B.
    """
    window_length, stride = data.plan.window_length, data.plan.stride
    inputs, targets = windows(ids, window_length, stride)
    if every and len(inputs):
        targets = np.lib.stride_tricks.sliding_window_view(ids, window_length + 1)[::stride, 1:]
    return Examples(
        inputs=inputs,
        targets=targets,
        batch_size=batch_size,
        num_used=len(inputs),
    )


def streams(data: WindowData, ids: NDArray[Any], num_streams: int) -> Examples:
    """Return a part of the text as S streams that are read side by side: batch after batch, each row goes on.

    The part is cut into S of equal length; what does not fill a batch of S windows at its end is left out.

    Args:
        data: says how long a window is; its stride is the same.
        ids: (N,) of the part.
        num_streams: S, which is the batch size.
    """
    whole = examples(data, ids, every=True, batch_size=num_streams)
    num_segments = len(whole.inputs) // num_streams  # of each stream
    if not num_segments:
        raise UserError(
            f"params.yaml: train.carry_state reads train.batch_size = {num_streams} streams side by side, and the text "
            f"has only {len(whole.inputs)} windows of vectorize.window_length = {data.plan.window_length}. "
            "Lower either."
        )
    return replace(
        whole,
        num_used=num_streams * num_segments,
        order=lambda positions: positions % num_streams * num_segments + positions // num_streams,
    )


def num_validation_streams(num_windows: int, batch_size: int) -> int:
    """Return the number of streams, at most the batch size, that leaves the fewest windows unread.

    >>> num_validation_streams(1001, 128)
    77
    """
    most = max(1, min(batch_size, num_windows))
    return max(range((most + 1) // 2, most + 1), key=lambda s: num_windows // s * s)
