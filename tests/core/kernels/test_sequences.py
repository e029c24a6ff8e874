"""The passes over sequences: bits that depend on no thread, and what does not fit. Values: test_compiled_lstm.py."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stages.core.kernels.sequences import MAX_UNITS_SUMMED_BY_STEP, Sequences

V, K = 7, 9
UNITS = st.sampled_from([1, 5, 33, MAX_UNITS_SUMMED_BY_STEP + 1])


def example(num_rows: int, num_steps: int, units: int, is_dense: bool, seed: int = 0) -> dict[str, NDArray[Any]]:
    random = np.random.default_rng([seed, num_rows, num_steps, units])

    def numbers(*shape: int) -> NDArray[Any]:
        return random.normal(scale=0.3, size=shape).astype(np.float32)

    ids = random.integers(V, size=(num_rows, num_steps))
    return {
        "inputs": numbers(num_rows, num_steps, K) if is_dense else ids,
        "h": numbers(num_rows, units),
        "c": numbers(num_rows, units),
        "kernel": numbers(K if is_dense else V, 4 * units),
        "recurrent_kernel": numbers(units, 4 * units),
        "bias": numbers(4 * units),
    }


def workspace(given: dict[str, NDArray[Any]], num_threads: int | None = None) -> Sequences:
    num_rows, num_steps, *dense = given["inputs"].shape
    which: dict[str, Any] = {"num_inputs": K} if dense else {"vocabulary_size": V}
    return Sequences(num_rows, num_steps, given["h"].shape[1], num_threads=num_threads, **which)


def computed(given: dict[str, NDArray[Any]], sequences: Sequences) -> list[bytes]:
    outputs, c = sequences.forward(**given)
    made = sequences.backward(np.sin(outputs + 1), np.cos(c))
    return [a.tobytes() for a in (outputs, c, *vars(made).values()) if a is not None]


@given(st.sampled_from([1, 2, 31, 64]), st.integers(1, 4), UNITS, st.booleans())
def test_neither_threads_nor_earlier_batches_change_a_bit(
    num_rows: int, num_steps: int, units: int, is_dense: bool
) -> None:
    this, other = (example(num_rows, num_steps, units, is_dense, seed) for seed in (0, 1))
    expected = computed(this, workspace(this, 1))
    for num_threads in (2, 3):
        used = workspace(this, num_threads)
        computed(other, used)
        assert computed(this, used) == expected


def test_one_kind_of_input_is_chosen() -> None:
    choices: list[dict[str, Any]] = [{}, {"vocabulary_size": V, "num_inputs": K}]
    for which in choices:
        with pytest.raises(ValueError, match="either vocabulary_size or num_inputs must be given, not both"):
            Sequences(1, 1, 1, **which)


@pytest.mark.parametrize("is_dense", [True, False])
@pytest.mark.parametrize("name", ["inputs", "h", "c", "kernel", "recurrent_kernel", "bias"])
def test_what_does_not_fit_never_reaches_compiled_code(name: str, is_dense: bool) -> None:
    given = example(3, 4, 5, is_dense)
    sequences = workspace(given)
    damages: list[Callable[[NDArray[Any]], NDArray[Any]]] = [lambda a: a[1:], lambda a: a[..., 1:]]
    damages += [lambda a: a.astype(np.float64)]
    if name == "inputs" and not is_dense:
        damages += [lambda a: a + V, lambda a: a - V]
    for damage in damages:
        with pytest.raises(ValueError, match=" must "):
            sequences.forward(**(given | {name: damage(given[name])}))
    outputs, c = sequences.forward(**given)
    doubles: Any = outputs.astype(np.float64)
    for d_outputs, dc in ((outputs[1:], c), (outputs, c[1:]), (doubles, c)):
        with pytest.raises(ValueError, match=" must be float32 of shape "):
            sequences.backward(d_outputs, dc)
