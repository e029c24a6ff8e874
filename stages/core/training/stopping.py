"""When training ends before its last epoch: the validation loss has not become lower for some epochs."""

from collections.abc import Sequence


def stops_early(patience: int | None, val_losses: Sequence[float]) -> bool:
    """Return whether the best of the validation losses so far is that many epochs old, as Keras's EarlyStopping does.

    Args:
        patience: train.early_stopping_epochs; None: training never ends early.
        val_losses: of the epochs so far, the first one first.

    >>> [stops_early(2, losses) for losses in ([3, 2, 2.5], [3, 2, 2.5, 2], [3, 2, 2.5, 1])]
    [False, True, False]
    """
    if patience is None or not val_losses:
        return False
    best = min(range(len(val_losses)), key=val_losses.__getitem__)
    return len(val_losses) - 1 - best >= patience
