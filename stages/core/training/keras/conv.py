"""Causal, dilated convolutions with residual connections, on embedded tokens.

Shapes: B windows in a batch, T tokens in a window, H units.
"""

from typing import Any

from stages.core.networks.conv import WIDTH
from stages.core.pipeline.params import TrainParams
from stages.core.training.keras.embedding import TokenEmbedding
from stages.core.training.keras.tensorflow import keras


def layers(params: TrainParams, vocabulary_size: int, *, compiled: bool) -> list[keras.layers.Layer]:
    """Return the layers between the ids (B, T) and the dense softmax."""
    last_only = [params.targets == "last" and i == params.num_layers - 1 for i in range(params.num_layers)]
    return [
        TokenEmbedding(vocabulary_size, params.units, name="embedding"),
        *(ResidualConvolution(params.units, 2**i, last_only[i]) for i in range(params.num_layers)),
    ]


@keras.saving.register_keras_serializable(package="zarathustra")
class ResidualConvolution(keras.layers.Layer):  # type: ignore[misc]
    """Adds to each position what a convolution makes of it and of two positions before it.

    The projection starts from zeros: at first, a layer changes nothing, however many there are.

    Args:
        units: H.
        dilation: positions from one input of the convolution to the next.
        last_only: true to give only the last position, (B, H) in place of (B, T, H).
    """

    def __init__(self, units: int, dilation: int, last_only: bool, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.dilation, self.last_only = units, dilation, last_only
        self.convolution = keras.layers.Conv1D(
            units, WIDTH, padding="causal", dilation_rate=dilation, activation="relu", name="convolution"
        )
        self.projection = keras.layers.Dense(units, kernel_initializer="zeros", name="projection")

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the weights."""
        self.convolution.build(shape)
        self.projection.build(shape)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (B, T, H) or (B, H)."""
        return (shape[0], self.units) if self.last_only else shape

    def call(self, inputs: Any) -> Any:
        """Return (B, T, H) or (B, H) for (B, T, H)."""
        convolved = self.convolution(inputs)
        if self.last_only:
            inputs, convolved = inputs[:, -1], convolved[:, -1]
        return inputs + self.projection(convolved)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal layer."""
        config: dict[str, Any] = super().get_config()
        return config | {"units": self.units, "dilation": self.dilation, "last_only": self.last_only}
