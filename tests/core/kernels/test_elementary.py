"""exp and logarithms are those of the C library, as Python's `math` calls it: the same digits on each processor."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stages.core.kernels import elementary

SHAPES = arrays.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=40)
EXPONENTS = st.floats(-800, 709) | st.just(-math.inf)
POSITIVE = st.floats(0, exclude_min=True, allow_infinity=False)


def one_by_one(function: Callable[[float], float], x: np.ndarray) -> list[float]:
    return [function(number) for number in x.ravel().tolist()]


@given(arrays.arrays(np.float64, SHAPES, elements=EXPONENTS))
def test_exp(x: np.ndarray) -> None:
    received = elementary.exp(x)
    assert received.shape == x.shape and received.ravel().tolist() == one_by_one(math.exp, x)


@pytest.mark.parametrize("name", ["log", "log2"])
@given(x=arrays.arrays(np.float64, SHAPES, elements=POSITIVE))
def test_logarithms(name: str, x: np.ndarray) -> None:
    received = getattr(elementary, name)(x)
    assert received.shape == x.shape and received.ravel().tolist() == one_by_one(getattr(math, name), x)


def test_any_memory_layout() -> None:
    x = np.linspace(1, 2, 120).reshape(10, 12)
    for view in (x.T, x[::2, ::3], x[:, 1]):
        assert np.array_equal(elementary.log(view), elementary.log(view.copy()))
