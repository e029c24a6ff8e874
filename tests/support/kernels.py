"""The compiled LSTM called on an example: ids in, the outputs after the last character out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels.sequences import MAX_UNITS_SUMMED_BY_STEP, Sequences
from stages.core.kernels.stepping import pack, step
from tests.support.lstm_reference import Example


def computed(
    example: Example, num_threads: int | None = None, workspace: Sequences | None = None
) -> list[NDArray[Any]]:
    """The outputs and the gradients of kernel, recurrent kernel and bias."""
    workspace = workspace or workspace_for(example, num_threads)
    return [forward(workspace, example), *backward(workspace, example.dh)]


def forward(workspace: Sequences, example: Example) -> NDArray[Any]:
    zeros = np.zeros_like(example.dh)
    return workspace.forward(example.ids, zeros, zeros, *example.weights)[0]


def backward(workspace: Sequences, dh: NDArray[Any]) -> list[NDArray[Any]]:
    made = workspace.backward(dh, np.zeros_like(dh))
    return [made.kernel, made.recurrent_kernel, made.bias]


def workspace_for(example: Example, num_threads: int | None = None) -> Sequences:
    num_rows, num_steps = example.ids.shape
    sizes = {"vocabulary_size": len(example.weights[0]), "num_threads": num_threads}
    return Sequences(num_rows, num_steps, example.dh.shape[1], last_only=True, **sizes)


def compile_all() -> None:
    """Compile all that training and writing call, and keep it beside the code: copies of the project then have it."""
    for units in (8, MAX_UNITS_SUMMED_BY_STEP + 1):
        example = Example.random(3, 2, 5, units)
        computed(example)
        zeros = np.zeros_like(example.dh)
        choices: list[dict[str, Any]] = [{"vocabulary_size": 5}, {"num_inputs": 5}]
        for which in choices:
            sequences = Sequences(3, 2, units, **which)
            inputs = example.ids if "vocabulary_size" in which else np.ones((3, 2, 5), np.float32)
            outputs, _ = sequences.forward(inputs, zeros, zeros, *example.weights)
            sequences.backward(outputs, zeros)
        step(pack(*example.weights), np.ascontiguousarray(example.ids[:, 0]), zeros, zeros.copy())


def assert_same_bits(received: list[NDArray[Any]], expected: list[NDArray[Any]]) -> None:
    assert [r.tobytes() for r in received] == [e.tobytes() for e in expected]
