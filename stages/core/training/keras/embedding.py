"""A vector for each token, with an ordinary gradient."""

from typing import Any

from stages.core.training.keras.tensorflow import keras, tf


@keras.saving.register_keras_serializable(package="zarathustra")
class TokenEmbedding(keras.layers.Embedding):  # type: ignore[misc]
    """keras.layers.Embedding, (B, T) ids to (B, T, H), whose gradient is one array, as that of all other weights.

    With its sparse gradients, Keras's optimizers stop with an index out of range once a loss is NaN, where a rollback
    has to follow.
    """

    def call(self, inputs: Any) -> Any:
        """Return the vectors of the ids."""
        ids = tf.cast(inputs, tf.int32)

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def rows(table: tf.Tensor) -> Any:
            def gradient(received: tf.Tensor) -> tf.Tensor:
                by_token = tf.reshape(received, (-1, self.output_dim))
                return tf.math.unsorted_segment_sum(by_token, tf.reshape(ids, (-1,)), self.input_dim)

            return tf.gather(table, ids), gradient

        return rows(tf.convert_to_tensor(self.embeddings))
