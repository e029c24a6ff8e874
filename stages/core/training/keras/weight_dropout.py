"""Weight drop: in training, each batch goes without a random share of the recurrent weights.

Merity, Keskar and Socher, "Regularizing and Optimizing LSTM Language Models", ICLR 2018.
"""

from typing import Any

from stages.core.training.keras.tensorflow import keras, tf


def with_weight_dropout(layer_class: type, rate: float) -> Any:
    """Return the class of a recurrent layer that drops weights. Its name stays: it is in the weights files.

    Args:
        layer_class: of Keras's LSTM or GRU, or derived from one.
        rate: share of the recurrent weights that are zero; the others are divided by 1 - rate.
    """
    return type(layer_class.__name__, (_WeightDropout, layer_class), {"rate": rate})


class _WeightDropout:
    """Masks the recurrent kernel around the loop over the steps of the layer that comes after this class."""

    rate: float

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.seed_generator = keras.random.SeedGenerator(0)  # each epoch gives it a seed

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Return what the layer does, in training with one mask for all rows and steps.

        Every loop, Keras's own, that of cuDNN and the compiled one, takes the kernel from the cell. So the gradient of
        the weights is masked too, and only the weights themselves are ever kept.
        """
        loop: Any = super().inner_loop  # type: ignore[misc]
        if not training:
            return loop(sequences, initial_state, mask, training=training)
        cell: Any = self.cell  # type: ignore[attr-defined]
        kernel = cell.recurrent_kernel
        cell.recurrent_kernel = keras.random.dropout(tf.convert_to_tensor(kernel), self.rate, seed=self.seed_generator)
        try:
            return loop(sequences, initial_state, mask, training=training)
        finally:
            cell.recurrent_kernel = kernel
