"""The compiled LSTM called on an example."""

from typing import Any

from numpy.typing import NDArray

from stages.core.kernels.lstm import Workspace, backward, forward
from tests.support.lstm_reference import Example


def computed(
    example: Example, num_threads: int | None = None, workspace: Workspace | None = None
) -> list[NDArray[Any]]:
    """The outputs and the gradients of kernel, recurrent kernel and bias."""
    workspace = workspace or workspace_for(example, num_threads)
    h = forward(workspace, example.ids, *example.weights)
    return [h, *backward(workspace, example.dh)]


def workspace_for(example: Example, num_threads: int | None = None) -> Workspace:
    num_rows, num_steps = example.ids.shape
    return Workspace(num_rows, num_steps, len(example.weights[0]), example.dh.shape[1], num_threads)


def assert_same_bits(received: list[NDArray[Any]], expected: list[NDArray[Any]]) -> None:
    assert [r.tobytes() for r in received] == [e.tobytes() for e in expected]
