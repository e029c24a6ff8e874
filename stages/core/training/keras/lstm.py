"""keras.layers.LSTM over character ids, with a choice of who computes it.

Shapes: B windows in a batch, T characters in a window, V characters of the vocabulary, H units.
"""

from typing import Any

from numpy.typing import NDArray

from stages.core.kernels import lstm
from stages.core.kernels.processors import default_num_threads
from stages.core.pipeline.params import TrainParams
from stages.core.training.keras.recurrent import layer_options
from stages.core.training.keras.tensorflow import keras, tf

Array = NDArray[Any]
# what the compiled kernel computes, of the options of keras.layers.LSTM that decide what is computed
COMPILED_OPTIONS = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "use_bias": True,
    "dropout": 0,
    "recurrent_dropout": 0,
    "return_sequences": False,
    "return_state": False,
    "go_backwards": False,
    "stateful": False,
    "unroll": False,
    "zero_output_for_mask": False,
}


def layers(params: TrainParams, vocabulary_size: int, *, compiled: bool) -> list[keras.layers.Layer]:
    """Return the layers between the ids (B, T) and the dense softmax."""
    first, *others = layer_options(params)
    if compiled and (others or params.targets == "every"):
        from stages.core.training.keras import compiled_lstm  # it builds on this module

        return [
            compiled_lstm.CharacterLSTM(params.units, vocabulary_size, name="lstm", **first),
            *(compiled_lstm.LSTM(params.units, name=f"lstm_{i}", **options) for i, options in enumerate(others, 2)),
        ]
    return [
        CharacterLSTM(params.units, vocabulary_size, compiled=compiled, name="lstm", **first),
        *(keras.layers.LSTM(params.units, name=f"lstm_{i}", **options) for i, options in enumerate(others, 2)),
    ]


@keras.saving.register_keras_serializable(package="zarathustra")
class CharacterLSTM(keras.layers.LSTM):  # type: ignore[misc]
    """The LSTM layer of Keras on one-hot input, given ids (B, T) instead; outputs (B, H).

    Weights, their names, initial values and place in a weights file are those of keras.layers.LSTM.

    Args:
        units: H.
        vocabulary_size: V.
        compiled: true for the compiled CPU kernel; false for Keras's own computation (cuDNN on a GPU).
        options: of keras.layers.LSTM. The compiled kernel takes those of initial values, regularizers and constraints.

    Raises:
        ValueError: an option that the compiled kernel does not follow.
    """

    def __init__(self, units: int, vocabulary_size: int, *, compiled: bool, **options: Any) -> None:
        super().__init__(units, **options)
        self.input_spec = keras.layers.InputSpec(ndim=2)
        self.vocabulary_size = vocabulary_size
        self.compiled = compiled
        if compiled:
            self._check_options()
            default_num_threads()  # a wrong variable is told before the training, not in it
        self._workspaces: dict[tuple[int, ...], lstm.Workspace] = {}
        self._num_forward_passes = 0

    def _check_options(self) -> None:
        received = super().get_config() | {"dtype": self.compute_dtype, "use_cudnn": self.use_cudnn}
        for name, value in (COMPILED_OPTIONS | {"dtype": "float32", "use_cudnn": "auto"}).items():
            if received[name] != value:
                raise ValueError(
                    f"CharacterLSTM: with compiled=True, {name} must be {value!r}. Received: {received[name]!r}. "
                    "Keras's own computation takes it: compiled=False."
                )

    def build(self, sequences_shape: tuple[int | None, ...]) -> None:
        """Make the weights as for one-hot input."""
        super().build((*sequences_shape, self.vocabulary_size))
        self.input_spec = keras.layers.InputSpec(ndim=2)

    def compute_output_shape(self, sequences_shape: tuple[int | None, ...]) -> Any:
        """Return (B, H), or what the options make of it."""
        return super().compute_output_shape((*sequences_shape, self.vocabulary_size))

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Return the outputs after the last character of each window, (B, H).

        Raises:
            ValueError: the kernel is compiled, and an initial state or a mask is given.
        """
        if not self.compiled:
            one_hot = keras.ops.one_hot(sequences, self.vocabulary_size)
            return super().call(one_hot, initial_state=initial_state, mask=mask, training=training)
        if initial_state is not None or mask is not None:
            raise ValueError("CharacterLSTM: with compiled=True there is no initial state and no mask.")
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

    def _workspace(self, ids: Array) -> lstm.Workspace:
        num_rows, num_steps = ids.shape
        if ids.shape not in self._workspaces:
            self._workspaces[ids.shape] = lstm.Workspace(num_rows, num_steps, self.vocabulary_size, self.units)
        return self._workspaces[ids.shape]

    def _forward(self, ids: Array, *weights: Array) -> tuple[Array, int]:
        self._num_forward_passes += 1
        return lstm.forward(self._workspace(ids), ids, *weights), self._num_forward_passes

    def _backward(self, dh: Array, forward_pass: int, ids: Array, *weights: Array) -> tuple[Array, ...]:
        # two forward passes may come before a backward pass, where a layer is used twice
        if forward_pass != self._num_forward_passes:
            self._forward(ids, *weights)
        return lstm.backward(self._workspace(ids), dh)
