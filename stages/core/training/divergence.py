"""When an epoch has diverged: its mean loss is NaN or infinite, or lies far above the best one so far."""

import math
from collections.abc import Iterable

from stages.core.pipeline.params import TrainParams


def loss_limit(params: TrainParams, losses: Iterable[float], uniform_loss: float) -> float:
    """Return the mean loss above which the next epoch counts as diverged; infinity where nothing does.

    Before the first epoch, the best loss so far is that of a uniform guess: a network that does worse has learned
    nothing, and its loss must not become what later epochs are measured by.

    Args:
        params: of the training.
        losses: mean losses of the epochs so far, in nats.
        uniform_loss: ln(V) for V tokens, in the same unit.

    >>> from types import SimpleNamespace
    >>> round(loss_limit(SimpleNamespace(divergence_margin_nats=0.25), [3.0, 2.5], 4.0), 2)
    2.75
    """
    if params.divergence_margin_nats is None:
        return math.inf
    return min([uniform_loss, *losses]) + params.divergence_margin_nats


def has_diverged(params: TrainParams, loss: float, limit: float) -> bool:
    """Return whether an epoch must be rolled back; with train.divergence_margin_nats = null, none is."""
    return params.divergence_margin_nats is not None and not (math.isfinite(loss) and loss <= limit)
