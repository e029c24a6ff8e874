"""The workers that train one network together: which of them this process is, and how they exchange numbers.

A worker is a process with TensorFlow's TF_CONFIG in its environment. Only the first one reads and writes files.
launch.py starts them. Shapes: W workers, n numbers.
"""

import json
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline.errors import UserError
from stages.core.training.keras.tensorflow import tf


class Workers:
    """One worker alone."""

    index = 0
    count = 1
    failure: str | None = None  # of the last exchange

    def num_used(self, num_shards: int) -> int:
        """Return how many workers have shards: the largest power of two, so that each has a whole part of the tree.

        >>> [_with(count).num_used(4) for count in (1, 2, 3, 4, 5)]
        [1, 2, 2, 4, 4]
        """
        return int(2 ** min(self.count.bit_length() - 1, num_shards.bit_length() - 1))

    def own(self, num_shards: int) -> range:
        """Return the shards of this worker.

        >>> [list(_with(3, index).own(4)) for index in range(3)]
        [[0, 1], [2, 3], []]
        """
        each = num_shards // self.num_used(num_shards)
        return range(min(self.index * each, num_shards), min((self.index + 1) * each, num_shards))

    def gather(self, own: NDArray[Any]) -> NDArray[Any]:
        """Return what each worker gives, (n,) float32 or int32, as (W, n)."""
        return own[None]

    def share(self, data: bytes) -> bytes:
        """Return what the first worker gives; what the others give is not read."""
        size = int(self.gather(np.array([len(data)], np.int32))[0, 0])
        words = np.zeros(-(-size // 4), np.int32)
        if self.index == 0:
            words.view(np.uint8)[:size] = np.frombuffer(data, np.uint8)
        received: bytes = self.gather(words)[0].tobytes()
        return received[:size]

    def require_equal(self, what: str, sha256: str) -> None:
        """Refuse to go on where workers have different things.

        Args:
            what: they are, as a part of the message.
            sha256: of the thing.
        """
        all_hashes = self.gather(np.frombuffer(bytes.fromhex(sha256), np.int32))
        others = [i + 1 for i, each in enumerate(all_hashes) if (each != all_hashes[0]).any()]
        if others:
            raise UserError(f"Workers 1 and {others[0]} of {self.count} have different {what}.")


class ConnectedWorkers(Workers):
    """The workers that TF_CONFIG names; it returns when all of them are connected."""

    def __init__(self) -> None:
        config = json.loads(os.environ["TF_CONFIG"])
        self.index, self.count = config["task"]["index"], len(config["cluster"]["worker"])
        # `gather` runs inside a step: on one thread, each would wait for the other
        tf.config.threading.set_inter_op_parallelism_threads(2)
        strategy = tf.distribute.MultiWorkerMirroredStrategy()

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
        def gathered(own: tf.Tensor) -> tf.Tensor:
            # without the identity, TensorFlow finds no device for it
            return strategy.run(lambda own: tf.distribute.get_replica_context().all_gather(tf.identity(own), 0), (own,))

        self._gathered = gathered

    def gather(self, own: NDArray[Any]) -> NDArray[Any]:
        """Return what each worker gives, (n,) float32 or int32, as (W, n)."""
        try:
            everyone: NDArray[Any] = self._gathered(tf.constant(own[None])).numpy()
        except tf.errors.OpError as error:
            self.failure = type(error).__name__
            raise
        return everyone


def _with(count: int, index: int = 0) -> Workers:
    workers = Workers()
    workers.count, workers.index = count, index
    return workers
