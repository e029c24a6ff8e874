"""LSTM layers of Keras whose loop over the steps is the compiled kernel.

The kernel stands where cuDNN stands on a GPU, in `inner_loop`: Keras itself handles sequences, states and masks, and
computes whatever the kernel does not.

Shapes: B rows, T steps, V tokens, K inputs, H units.
"""

from typing import Any

from numpy.typing import NDArray

from stages.core.kernels.processors import default_num_threads
from stages.core.kernels.sequences import Sequences
from stages.core.training.keras import character_lstm
from stages.core.training.keras.tensorflow import keras, tf

Array = NDArray[Any]


class _KernelLoop:
    """The loop of the kernel, in place of that of the LSTM layer that comes after this class."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.supports_jit = False
        default_num_threads()  # a wrong variable is told before the training, not in it
        self._workspaces: dict[tuple[int, ...], Sequences] = {}
        self._num_forward_passes = 0

    def kernel_computes(self, mask: Any) -> bool:
        """Tell whether the kernel computes what the options of the layer say."""
        layer: Any = self
        return (
            (mask[0] if isinstance(mask, list | tuple) else mask) is None
            and layer.activation is keras.activations.tanh
            and layer.recurrent_activation is keras.activations.sigmoid
            and layer.use_bias
            and not layer.dropout
            and not layer.recurrent_dropout
            and layer.use_cudnn == "auto"
            and layer.compute_dtype == "float32"
        )

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Return the last output (B, H), the outputs (B, T, H), and the last state, h and c."""
        if not self.kernel_computes(mask):
            return super().inner_loop(sequences, initial_state, mask, training=training)  # type: ignore[misc]
        layer: Any = self
        if layer.go_backwards:
            sequences = tf.reverse(sequences, [1])
        outputs, c = self._outputs(tf.convert_to_tensor(sequences), *map(tf.convert_to_tensor, initial_state))
        if layer.return_sequences:
            last = outputs[:, -1]
            return last, outputs, [last, c]
        return outputs, outputs[:, None], [outputs, c]

    def _outputs(self, inputs: tf.Tensor, h: tf.Tensor, c: tf.Tensor) -> Any:
        """Return the outputs, (B, T, H) or only the last (B, H), and the last cell states (B, H).

        The inputs are ids (B, T, 1), or numbers (B, T, K).
        """
        layer: Any = self
        cell = layer.cell
        numbers = [inputs] if inputs.dtype.is_floating else []

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def outputs(*arguments: tf.Tensor) -> Any:
            # h, c, kernel, recurrent kernel, bias, and the inputs if they are numbers: what has a gradient
            given = [inputs, *arguments[:5]]
            made, new_c, forward_pass = tf.numpy_function(self._forward, given, [tf.float32, tf.float32, tf.int64])
            num_steps = inputs.shape[1:2] if layer.return_sequences else ()
            made = tf.ensure_shape(made, (inputs.shape[0], *num_steps, layer.units))
            new_c = tf.ensure_shape(new_c, h.shape)

            def gradients(d_outputs: tf.Tensor, dc: tf.Tensor) -> list[tf.Tensor]:
                found = tf.numpy_function(
                    self._backward, [d_outputs, dc, forward_pass, *given], [tf.float32] * len(arguments)
                )
                return [tf.ensure_shape(g, a.shape) for g, a in zip(found, arguments, strict=True)]

            return (made, new_c), gradients

        return outputs(h, c, *map(tf.convert_to_tensor, (cell.kernel, cell.recurrent_kernel, cell.bias)), *numbers)

    def _workspace(self, inputs: Array, kernel: Array) -> Sequences:
        if inputs.shape not in self._workspaces:
            layer: Any = self
            num_rows, num_steps, num_inputs = inputs.shape
            which = {"num_inputs": num_inputs} if inputs.dtype.kind == "f" else {"vocabulary_size": len(kernel)}
            self._workspaces[inputs.shape] = Sequences(
                num_rows, num_steps, layer.units, last_only=not layer.return_sequences, **which
            )
        return self._workspaces[inputs.shape]

    def _forward(self, inputs: Array, h: Array, c: Array, *weights: Array) -> tuple[Array, Array, int]:
        self._num_forward_passes += 1
        some = inputs if inputs.dtype.kind == "f" else inputs[..., 0]
        made, new_c = self._workspace(inputs, weights[0]).forward(some, h, c, *weights)
        return made, new_c, self._num_forward_passes

    def _backward(self, d_outputs: Array, dc: Array, forward_pass: int, *given: Array) -> list[Array]:
        inputs, _, _, kernel, *_ = given
        # two forward passes may come before a backward pass, where a layer is used twice
        if forward_pass != self._num_forward_passes:
            self._forward(*given)
        made = self._workspace(inputs, kernel).backward(d_outputs, dc)
        found = [made.h, made.c, made.kernel, made.recurrent_kernel, made.bias]
        return found if made.inputs is None else [*found, made.inputs]


# the names of the classes are in the weights files: those of Keras's own layers
@keras.saving.register_keras_serializable(package="zarathustra.compiled")
class LSTM(_KernelLoop, keras.layers.LSTM):  # type: ignore[misc]
    """keras.layers.LSTM, compiled: the same options, weights and results to rounding."""


@keras.saving.register_keras_serializable(package="zarathustra.compiled")
class CharacterLSTM(_KernelLoop, character_lstm.CharacterLSTM):
    """The same for ids (B, T) in place of one-hot vectors: character_lstm.CharacterLSTM, compiled."""

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Return what keras.layers.LSTM returns for one-hot vectors."""
        if not self.kernel_computes(mask):
            return super().call(sequences, initial_state, mask, training)
        ids = tf.cast(sequences, tf.int32)[..., None]
        return keras.layers.LSTM.call(self, ids, initial_state=initial_state, mask=mask, training=training)
