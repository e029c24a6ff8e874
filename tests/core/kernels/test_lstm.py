"""The compiled LSTM against float64 NumPy, against itself with other threads, and with narrower vectors."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.kernels.stepping import pack, step
from stages.core.kernels.tile import LANES, TILE_COLUMNS, TILE_ROWS
from tests.support import lstm_reference as reference
from tests.support.kernels import assert_same_bits, backward, computed, forward, workspace_for
from tests.support.lstm_reference import Example, relative_error
from tests.support.project import ROOT, environment

NUM_THREADS = (1, 2, 3, 4, 8)
# with windows and units beside the edges of tiles, vectors and panels
ODD_SIZES = st.builds(
    Example.random,
    windows=st.integers(1, 3 * TILE_ROWS + 1) | st.integers(31, 66),
    characters=st.integers(1, 5),
    vocabulary=st.integers(1, 9),
    units=st.integers(1, 2 * LANES + 1) | st.integers(TILE_COLUMNS - 1, TILE_COLUMNS + 1),
    seed=st.integers(0, 2**16),
)
# what each width is made for, and what has to be hidden from LLVM to get there on a wider machine
HIDDEN = {8: ("avx512", "avx10", "amx"), 4: ("avx512", "avx10", "amx", "avx2", "avxvnni", "vaes", "vpclmul", "gfni")}
NARROWER = """
import sys
import llvmlite.binding
features = llvmlite.binding.get_host_cpu_features()
for name in features:
    features[name] = features[name] and not name.startswith(tuple(sys.argv[2].split(",")))
llvmlite.binding.get_host_cpu_features = lambda: features
import numpy as np
from stages.core.kernels.tile import LANES
from tests.support.kernels import computed
from tests.support.lstm_reference import Example
made = [computed(Example.random(7, 5, 6, units)) for units in (20, 37)]
np.savez(sys.argv[1], LANES, *(array for arrays in made for array in arrays))
"""


@settings(max_examples=60, deadline=None)
@given(ODD_SIZES)
def test_outputs_are_those_of_float64(example: Example) -> None:
    weights = [w.astype(np.float64)[None] for w in example.weights]
    # outputs lie between -1 and 1; a single one may be the small difference of larger numbers, so no relative error
    np.testing.assert_allclose(computed(example)[0], reference.outputs(example.ids, *weights)[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("windows", "characters", "vocabulary", "units"),
    [(1, 1, 2, 1), (1, 7, 3, 5), (5, 1, 4, 3), (2 * TILE_ROWS + 1, 4, 5, 3), (4, 12, 6, 17), (3, 3, 2, LANES)],
)
def test_gradients_are_the_finite_differences_in_float64(
    windows: int, characters: int, vocabulary: int, units: int
) -> None:
    example = Example.random(windows, characters, vocabulary, units)
    _, *gradients = computed(example)
    for name, received, expected in zip(reference.NAMES, gradients, reference.finite_differences(example), strict=True):
        if characters == 1 and name == "recurrent kernel":
            assert not received.any() and not expected.any()
        else:
            assert relative_error(received, expected) < 1e-5, name


@settings(max_examples=60, deadline=None)
@given(ODD_SIZES)
def test_the_number_of_threads_changes_no_bit(example: Example) -> None:
    expected = computed(example, num_threads=1)
    for num_threads in NUM_THREADS[1:]:
        assert_same_bits(computed(example, num_threads), expected)


def test_the_number_of_threads_changes_no_bit_at_the_size_of_training() -> None:
    example = Example.random(128, 60, 57, 128)
    expected = computed(example, num_threads=1)
    for num_threads in NUM_THREADS[1:]:
        assert_same_bits(computed(example, num_threads), expected)


@settings(max_examples=30, deadline=None)
@given(ODD_SIZES, st.integers(1, 2**16))
def test_a_batch_does_not_depend_on_those_before_it(example: Example, seed: int) -> None:
    workspace = workspace_for(example, num_threads=2)
    (num_windows, length), vocabulary, units = example.ids.shape, len(example.weights[0]), example.dh.shape[1]
    computed(Example.random(num_windows, length, vocabulary, units, seed), workspace=workspace)
    assert_same_bits(computed(example, workspace=workspace), computed(example))


@settings(max_examples=30, deadline=None)
@given(ODD_SIZES, st.integers(0, 2**16))
def test_gradients_can_be_taken_again(example: Example, seed: int) -> None:
    workspace = workspace_for(example, num_threads=2)
    forward(workspace, example)
    expected = backward(workspace, example.dh)
    backward(workspace, np.random.default_rng(seed).normal(size=example.dh.shape).astype(np.float32))
    assert_same_bits(backward(workspace, example.dh), expected)


@settings(max_examples=30, deadline=None)
@given(ODD_SIZES)
def test_a_window_does_not_depend_on_those_beside_it(example: Example) -> None:
    together = computed(example)[0]
    for row in range(len(example.ids)):
        alone = Example(example.ids[row : row + 1], example.weights, example.dh[row : row + 1])
        assert_same_bits([computed(alone)[0]], [together[row : row + 1]])


@settings(max_examples=30, deadline=None)
@given(ODD_SIZES)
def test_states_moved_on_one_character_at_a_time_come_to_the_outputs(example: Example) -> None:
    packed = pack(*example.weights)
    h = np.zeros_like(example.dh)
    c = np.zeros_like(example.dh)
    for column in example.ids.T:
        step(packed, np.ascontiguousarray(column), h, c)
    np.testing.assert_array_equal(h, computed(example)[0])


@pytest.mark.parametrize("kind", range(3))
def test_weights_that_are_no_numbers_show_in_every_output(kind: int) -> None:
    example = Example.random(7, 5, 6, LANES + 3)
    example.weights[kind][:] = np.nan
    for made in computed(example):
        assert np.isnan(made).all() or not made.any()  # a gradient may have no window to come from
    assert np.isnan(computed(example)[0]).all()


@pytest.mark.parametrize("lanes", [lanes for lanes in HIDDEN if lanes < LANES])
def test_the_width_of_vectors_changes_no_bit(lanes: int, tmp_path: Path) -> None:
    made = tmp_path / "made.npz"
    subprocess.run(
        [sys.executable, "-c", NARROWER, made, ",".join(HIDDEN[lanes])],
        cwd=ROOT,
        env=environment() | {"NUMBA_CACHE_DIR": str(tmp_path)},
        check=True,
    )
    with np.load(made) as arrays:
        received_lanes, *received = arrays.values()
    assert received_lanes == lanes
    expected = [array for units in (20, 37) for array in computed(Example.random(7, 5, 6, units))]
    assert_same_bits(received, expected)


def broken(example: Example) -> list[tuple[str, Callable[[], object]]]:
    """Calls with what does not fit, and the beginning of the message of each."""
    ids, (kernel, recurrent, bias), dh = example.ids, example.weights, example.dh
    workspace, packed = workspace_for(example), pack(*example.weights)
    h, c, column = np.zeros_like(dh), np.zeros_like(dh), np.ascontiguousarray(ids[:, 0])
    too_large, negative = ids.copy(), ids.copy()
    too_large[-1, -1], negative[0, 0] = len(kernel), -1

    def run(ids: Any = ids, kernel: Any = kernel, recurrent: Any = recurrent, bias: Any = bias) -> object:
        return workspace.forward(ids, h, c, kernel, recurrent, bias)

    run()
    return [
        ("ids must lie between 0 and 5. Received: ", lambda: run(too_large)),
        ("ids must lie between 0 and 5. Received: -1 to ", lambda: run(negative)),
        ("ids must be integers. Received: float64.", lambda: run(ids.astype(float))),
        (r"ids must be of shape \(7, 5\). Received: \(6, 5\).", lambda: run(ids[1:])),
        (
            r"kernel must be float32 of shape \(6, 80\). Received: float32 of shape \(5, 80\).",
            lambda: run(kernel=kernel[1:]),
        ),
        (r"kernel must be float32 of shape \(6, 80\). Received: float64", lambda: run(kernel=kernel.astype(float))),
        (r"recurrent_kernel must be float32 of shape \(20, 80\).", lambda: run(recurrent=recurrent[:, 4:])),
        (r"bias must be float32 of shape \(80,\). Received: float32 of shape \(1,\).", lambda: run(bias=bias[:1])),
        (r"d_outputs must be float32 of shape \(7, 20\).", lambda: workspace.backward(dh[:, 1:], c)),
        (r"kernel must be float32 of shape \(6, 76\).", lambda: pack(kernel, recurrent[1:], bias)),
        ("ids must lie between 0 and 5.", lambda: step(packed, column + 6, h, c)),
        (r"ids must be int32 of shape \(7,\). Received: int64", lambda: step(packed, column.astype(np.int64), h, c)),
        (r"h must be float32 of shape \(6, 20\).", lambda: step(packed, column[1:], h, c)),
        ("c must be C-contiguous and writable.", lambda: step(packed, column, h, np.asfortranarray(c))),
    ]


@pytest.mark.parametrize("number", range(14))
def test_what_does_not_fit_never_reaches_compiled_code(number: int) -> None:
    message, call = broken(Example.random(7, 5, 6, 20))[number]
    with pytest.raises(ValueError, match=message):
        call()
