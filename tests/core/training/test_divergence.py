"""When an epoch counts as diverged."""

import dataclasses
import math

from hypothesis import given
from hypothesis import strategies as st

from stages.core.training.divergence import has_diverged, loss_limit
from tests.support.networks import TRAIN_PARAMS as PARAMS

LOSSES = st.floats(0, 100)
UNGUARDED = dataclasses.replace(PARAMS, divergence_margin_nats=None)


def test_a_first_epoch_far_above_a_uniform_guess_has_diverged() -> None:
    """35 nats, where 57 tokens give 4.04, must not become what later epochs are measured by."""
    limit = loss_limit(PARAMS, [], math.log(57))
    assert limit == math.log(57) + 0.25
    assert has_diverged(PARAMS, 35.0, limit) and not has_diverged(PARAMS, 3.0, limit)


@given(losses=st.lists(LOSSES), loss=LOSSES, uniform=st.floats(0.1, 10))
def test_the_limit_is_the_margin_above_the_best_loss(losses: list[float], loss: float, uniform: float) -> None:
    limit = loss_limit(PARAMS, losses, uniform)
    assert limit == min([*losses, uniform]) + 0.25
    assert has_diverged(PARAMS, loss, limit) == (loss > limit)


@given(loss=st.floats())
def test_without_a_margin_nothing_has_diverged(loss: float) -> None:
    assert not has_diverged(UNGUARDED, loss, loss_limit(UNGUARDED, [1.0], 4.0))


def test_nan_and_infinity_have_diverged() -> None:
    assert has_diverged(PARAMS, math.nan, math.inf) and has_diverged(PARAMS, math.inf, math.inf)
