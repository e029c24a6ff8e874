"""The compiled LSTM called on an example: ids in, the outputs after the last character out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.kernels.sequences import Sequences
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


def assert_same_bits(received: list[NDArray[Any]], expected: list[NDArray[Any]]) -> None:
    assert [r.tobytes() for r in received] == [e.tobytes() for e in expected]
