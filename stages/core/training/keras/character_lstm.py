"""keras.layers.LSTM over token ids.

Shapes: B windows in a batch, T tokens in a window, V tokens of the vocabulary, H units.
"""

from typing import Any

from stages.core.training.keras.tensorflow import keras


@keras.saving.register_keras_serializable(package="zarathustra")
class CharacterLSTM(keras.layers.LSTM):  # type: ignore[misc]
    """The LSTM layer of Keras on one-hot input, given ids (B, T) instead.

    Weights, their names, initial values and place in a weights file are those of keras.layers.LSTM.

    Args:
        units: H.
        vocabulary_size: V.
        options: of keras.layers.LSTM.
    """

    def __init__(self, units: int, vocabulary_size: int, **options: Any) -> None:
        super().__init__(units, **options)
        self.input_spec = keras.layers.InputSpec(ndim=2)
        self.vocabulary_size = vocabulary_size

    def build(self, sequences_shape: tuple[int | None, ...]) -> None:
        """Make the weights as for one-hot input."""
        super().build((*sequences_shape, self.vocabulary_size))
        self.input_spec = keras.layers.InputSpec(ndim=2)

    def compute_output_shape(self, sequences_shape: tuple[int | None, ...]) -> Any:
        """Return (B, H), or what the options make of it."""
        return super().compute_output_shape((*sequences_shape, self.vocabulary_size))

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Return what keras.layers.LSTM returns for one-hot vectors."""
        one_hot = keras.ops.one_hot(sequences, self.vocabulary_size)
        return super().call(one_hot, initial_state=initial_state, mask=mask, training=training)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal layer."""
        config: dict[str, Any] = super().get_config()
        return config | {"vocabulary_size": self.vocabulary_size}
