"""A batch in shards: the same bytes, however many workers compute them.

Each shard gives one vector, the gradients of all weights and its part of the loss. The vectors are added in a binary
tree: a worker adds those of its own shards, which lie side by side; one vector of each worker is sent to all, and each
finishes the same tree. So the additions are the same for any number of workers, and the traffic does not grow with
the number of shards.

Shapes: B rows in a batch, S shards, W workers, n numbers in a vector.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.training.keras.tensorflow import keras, tf
from stages.core.training.workers import Workers

Float32Array = NDArray[np.float32]


def tree_sum(vectors: Float32Array) -> Float32Array:
    """Return the sum (n,) of vectors (K, n), K a power of two: of neighbours first, then of pairs of neighbours.

    >>> tree_sum(np.float32([[1e8], [1], [-1e8], [1]])).item()
    0.0
    """
    with np.errstate(all="ignore"):  # gradients that have diverged: the loss shows it
        while len(vectors) > 1:
            vectors = vectors[::2] + vectors[1::2]
    total: Float32Array = vectors[0]
    return total


class CarriedStates:
    """The states that layers carry from batch to batch: a layer has room for those of one shard, here are all.

    Args:
        layers: of the network.
        num_shards: the number of shards that this worker has.
    """

    def __init__(self, layers: Iterable[Any], num_shards: int) -> None:
        self._now = [state for layer in layers if getattr(layer, "stateful", False) for state in layer.states]
        num_rows = max(1, num_shards)  # a worker too many has no shard, and TensorFlow updates no empty variable
        self._all = [tf.Variable(tf.zeros((num_rows, *state.shape)), trainable=False) for state in self._now]

    def reset(self) -> None:
        """Let every stream begin from zero."""
        for states in self._all:
            states.assign(tf.zeros_like(states))

    def begin_shard(self, place: tf.Tensor) -> None:
        """Give the layers the states of a shard."""
        for now, states in zip(self._now, self._all, strict=True):
            now.assign(states[place])

    def end_shard(self, place: tf.Tensor) -> None:
        """Keep what the layers made of them."""
        for now, states in zip(self._now, self._all, strict=True):
            states.scatter_nd_update([[place]], [tf.convert_to_tensor(now)])


class Draws:
    """The seeds of what layers draw: decided by the batch and the shard, whatever else a worker has computed.

    Args:
        layers: of the network.
    """

    def __init__(self, layers: Iterable[Any]) -> None:
        drawing = [layer for layer in layers if getattr(layer, "seed_generator", None) is not None]
        self._seeds = [layer.seed_generator.state for layer in drawing]
        # what is drawn for rows differs from shard to shard, what is drawn for weights does not
        self._steps = [[1 if isinstance(layer, keras.layers.Dropout) else 0, 0] for layer in drawing]

    def of_batch(self) -> list[tf.Tensor]:
        """Return the seeds that a batch begins with."""
        return [tf.identity(seed) for seed in self._seeds]

    def begin_shard(self, seeds: list[tf.Tensor], shard: tf.Tensor) -> None:
        """Set the seeds for a shard."""
        for variable, seed, step in zip(self._seeds, seeds, self._steps, strict=True):
            variable.assign(seed + tf.constant(step, seed.dtype) * tf.cast(shard, seed.dtype))

    def end_batch(self, seeds: list[tf.Tensor]) -> None:
        """Set the seeds for the next batch; each layer draws once for each shard."""
        for variable, seed in zip(self._seeds, seeds, strict=True):
            variable.assign(seed + tf.constant([0, 1], seed.dtype))


class ShardedNetwork(keras.Sequential):  # type: ignore[misc]
    """A network that trains on each batch shard by shard.

    Args:
        layers: as of keras.Sequential.
        name: of the model.
        num_shards: S.
        workers: those that share the batch.
    """

    def __init__(self, layers: Sequence[Any], name: str, *, num_shards: int, workers: Workers) -> None:
        super().__init__(layers, name=name)
        self.num_shards = num_shards
        self.workers = workers
        self.shards = workers.own(num_shards)
        self.carried = CarriedStates(self.layers, len(self.shards))
        self.draws = Draws(self.layers)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, Any]:
        """Train on a batch: ids (B, T) and targets, (B,) or (B, T). Any B will do; a shard may be empty."""
        shapes = [*(v.shape for v in self.trainable_variables), ()]
        sizes = [math.prod(shape) for shape in shapes]
        seeds = self.draws.of_batch()
        vectors = tf.map_fn(
            lambda shard: self._vector(shard, seeds, *batch),
            tf.range(self.shards.start, self.shards.stop),
            fn_output_signature=tf.TensorSpec((sum(sizes),), tf.float32),
            parallel_iterations=1,  # the layers have room for one shard
        )
        self.draws.end_batch(seeds)
        total = tf.ensure_shape(tf.numpy_function(self._sum_of_all, [vectors], tf.float32), (sum(sizes),))
        *gradients, loss = [tf.reshape(p, s) for p, s in zip(tf.split(total, sizes), shapes, strict=True)]
        self.optimizer.apply(gradients, self.trainable_variables)
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(batch[0])[0])
        metrics: dict[str, Any] = self.get_metrics_result()
        return metrics

    def _vector(self, shard: tf.Tensor, seeds: list[tf.Tensor], ids: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Return the gradients of a shard, and its share of the mean loss of the batch, as one vector (n,)."""
        num_rows = tf.shape(ids)[0]
        first, last = shard * num_rows // self.num_shards, (shard + 1) * num_rows // self.num_shards
        self.draws.begin_shard(seeds, shard)
        self.carried.begin_shard(shard - self.shards.start)
        with tf.GradientTape() as tape:
            probabilities = self(ids[first:last], training=True)
            losses = keras.losses.sparse_categorical_crossentropy(targets[first:last], probabilities)
            loss = tf.reduce_sum(losses) / tf.cast(tf.size(targets), tf.float32)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.carried.end_shard(shard - self.shards.start)
        return tf.concat([tf.reshape(each, [-1]) for each in (*gradients, loss)], 0)

    def _sum_of_all(self, vectors: Float32Array) -> Float32Array:
        """Return the sum over all shards (n,) from the vectors of the own ones (K, n)."""
        # a worker too many has no shard, and gives what nobody reads
        own = tree_sum(vectors) if len(vectors) else np.zeros(vectors.shape[1], np.float32)
        return tree_sum(self.workers.gather(own)[: self.workers.num_used(self.num_shards)])
