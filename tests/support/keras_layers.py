"""What a layer in Keras computes, gradients as well, to compare with another."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.training.keras.tensorflow import tf
from tests.support.lstm_reference import relative_error


def results(layer: Any, inputs: tf.Tensor, initial_state: list[Any] | None = None, seed: int = 0) -> list[NDArray[Any]]:
    """Outputs, states, and the gradients of a random sum of them: of weights, initial state, and numbers as input."""
    random = np.random.default_rng(seed)
    watched = [v.value for v in layer.trainable_variables] + (initial_state or [])
    watched += [inputs] if inputs.dtype.is_floating else []
    with tf.GradientTape() as tape:
        tape.watch(watched)
        made = tf.nest.flatten(layer(inputs, initial_state=initial_state))
        loss = tf.add_n([tf.reduce_sum(m * random.normal(size=m.shape).astype(np.float32)) for m in made])
    return [np.asarray(tf.convert_to_tensor(a)) for a in [*made, *tape.gradient(loss, watched)]]


def assert_equal_to_rounding(received: list[NDArray[Any]], expected: list[NDArray[Any]]) -> None:
    for number, (r, e) in enumerate(zip(received, expected, strict=True)):
        assert r.shape == e.shape
        assert relative_error(r, e) < 1e-5 if e.any() else not r.any(), number
