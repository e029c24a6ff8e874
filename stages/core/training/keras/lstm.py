"""keras.layers.LSTM over character ids, with a choice of who computes it.

Legend: B windows in a batch, T characters in a window, V characters of the vocabulary, H units.
"""

from typing import Any

from numpy.typing import NDArray

from stages.core.kernels.lstm import LstmCpu, Tape
from stages.core.pipeline.params import TrainParams
from stages.core.training.keras.tensorflow import keras, tf

Array = NDArray[Any]


def layers(params: TrainParams, vocabulary_size: int, *, compiled: bool) -> list[keras.layers.Layer]:
    """Return the layers between the ids (B, T) and the dense softmax."""
    return [CharacterLSTM(params.units, vocabulary_size, compiled=compiled, name="lstm")]


@keras.saving.register_keras_serializable(package="zarathustra")
class CharacterLSTM(keras.layers.LSTM):  # type: ignore[misc]
    """The LSTM layer of Keras on one-hot input, given ids (B, T) instead; outputs (B, H).

    Weights, their names, initial values and place in a weights file are those of keras.layers.LSTM.

    Args:
        units: H.
        vocabulary_size: V.
        compiled: true for the compiled CPU kernel; false for Keras's own computation (cuDNN on a GPU).
    """

    def __init__(self, units: int, vocabulary_size: int, *, compiled: bool, **options: Any) -> None:
        super().__init__(units, **options)
        self.input_spec = keras.layers.InputSpec(ndim=2)
        self.vocabulary_size = vocabulary_size
        self.compiled = compiled
        self._cpu = LstmCpu()
        self._tape: Tape | None = None
        self._num_forward_passes = 0

    def build(self, sequences_shape: tuple[int | None, ...]) -> None:
        """Make the weights as for one-hot input."""
        super().build((*sequences_shape, self.vocabulary_size))
        self.input_spec = keras.layers.InputSpec(ndim=2)

    def compute_output_shape(self, sequences_shape: tuple[int | None, ...]) -> tuple[int | None, int]:
        """Return (B, H)."""
        return sequences_shape[0], self.units

    def call(self, sequences: Any, training: bool = False) -> Any:
        """Return the outputs after the last character of each window, (B, H)."""
        if not self.compiled:
            return super().call(keras.ops.one_hot(sequences, self.vocabulary_size), training=training)
        return self._compiled_call(tf.cast(sequences, tf.int32))

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal layer."""
        config: dict[str, Any] = super().get_config()
        return config | {"vocabulary_size": self.vocabulary_size, "compiled": self.compiled}

    def _compiled_call(self, ids: tf.Tensor) -> tf.Tensor:
        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def outputs(kernel: tf.Tensor, recurrent_kernel: tf.Tensor, bias: tf.Tensor) -> Any:
            weights = (kernel, recurrent_kernel, bias)
            h, forward_pass = tf.numpy_function(self._forward, [ids, *weights], [tf.float32, tf.int64])
            h = tf.ensure_shape(h, (None, self.units))

            def gradients(dh: tf.Tensor) -> list[tf.Tensor]:
                made = tf.numpy_function(self._backward, [dh, forward_pass, ids, *weights], [tf.float32] * 3)
                return [tf.ensure_shape(g, w.shape) for g, w in zip(made, weights, strict=True)]

            return h, gradients

        cell = self.cell
        return outputs(*(tf.convert_to_tensor(w) for w in (cell.kernel, cell.recurrent_kernel, cell.bias)))

    def _forward(self, ids: Array, *weights: Array) -> tuple[Array, int]:
        h, self._tape = self._cpu.forward(ids, *weights)
        self._num_forward_passes += 1
        return h, self._num_forward_passes

    def _backward(self, dh: Array, forward_pass: int, ids: Array, *weights: Array) -> tuple[Array, ...]:
        # two forward passes may come before a backward pass, where a layer is used twice
        if forward_pass != self._num_forward_passes:
            self._forward(ids, *weights)
        assert self._tape is not None
        return self._cpu.backward(self._tape, dh)
