"""The text as windows: views into one row of ids, never copies.

Shapes: N tokens, n windows, T tokens in a window, B windows in a batch.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import read_json, sha256_of, sha256_of_file, write_json
from stages.core.text.plan import WindowPlan, num_windows
from stages.core.text.tokenizer import Tokenizer, tokenizer_from_json

__all__ = ["WindowData", "WindowPlan", "num_windows", "read_windows", "windows", "windows_hash", "write_plan"]
COUNTED_AT_ONCE = 1 << 20  # tokens


def windows(ids: NDArray[Any], window_length: int, stride: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return all windows of a row of ids and the token that follows each, as views.

    Args:
        ids: (N,) integers.
        window_length: T.
        stride: from the start of one window to the start of the next.

    Returns:
        Windows (n, T) and targets (n,), both read-only.

    >>> x, y = windows(np.arange(5), window_length=2, stride=2)
    >>> x.tolist(), y.tolist()
    ([[0, 1], [2, 3]], [2, 4])
    """
    if len(ids) <= window_length:
        return np.empty((0, window_length), ids.dtype), np.empty(0, ids.dtype)
    with_target = np.lib.stride_tricks.sliding_window_view(ids, window_length + 1)[::stride]  # (n, T + 1)
    return with_target[:, :-1], with_target[:, -1]


@dataclass(frozen=True)
class WindowData:
    """Contents of the folder data/windows: ids.npy (memory-mapped here), tokenizer.json, plan.json."""

    ids: NDArray[Any]  # (N,) smallest unsigned type
    tokenizer: Tokenizer
    plan: WindowPlan

    @property
    def training_ids(self) -> NDArray[Any]:
        """The ids before the cut, a view."""
        return self.ids[: self.plan.num_training_tokens]

    @property
    def validation_ids(self) -> NDArray[Any]:
        """The ids from the cut on, a view."""
        return self.ids[self.plan.num_training_tokens :]

    @property
    def training(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Windows (n, T) and targets (n,) for training."""
        return windows(self.training_ids, self.plan.window_length, self.plan.stride)

    @property
    def validation(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Windows (n, T) and targets (n,) for validation."""
        return windows(self.validation_ids, self.plan.window_length, self.plan.stride)

    def num_characters(self, ids: NDArray[Any]) -> int:
        """Return how many characters ids of any shape count for.

        The mean loss per token of some targets, times their number, divided by this, is the loss per character:
        `loss * targets.size / data.num_characters(targets)`.
        """
        lengths = self.tokenizer.lengths
        if (lengths == 1).all():
            return ids.size
        rows = np.array_split(ids, -(-ids.size // COUNTED_AT_ONCE) or 1)  # views: a big text is not copied
        return sum(int(lengths[row].sum()) for row in rows)


def write_plan(folder: Path, tokenizer: Tokenizer, plan: WindowPlan) -> None:
    """Write tokenizer.json and plan.json."""
    write_json(folder / "tokenizer.json", tokenizer.to_json())
    write_json(folder / "plan.json", plan.to_json())


def read_windows(folder: Path) -> WindowData:
    """Return the contents of data/windows; the ids stay on disk until they are used.

    Raises:
        UserError: the files are damaged or do not belong together.
    """
    try:
        data = WindowData(
            ids=np.lib.format.open_memmap(folder / "ids.npy", mode="r"),
            tokenizer=tokenizer_from_json(read_json(folder / "tokenizer.json")),
            plan=WindowPlan(**read_json(folder / "plan.json")),
        )
        _check(data)
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{folder}: damaged ({str(error).splitlines()[0]}). Run `dvc checkout`, or `dvc repro` to make it again."
        ) from None
    return data


def _check(data: WindowData) -> None:
    """Raise a ValueError where the files do not fit; an id too large would be read from beside the weights."""
    if data.ids.shape != (data.plan.num_tokens,) or data.ids.dtype != data.tokenizer.dtype:
        raise ValueError("ids.npy has another length or type than plan.json and tokenizer.json say")
    if data.ids.max(initial=0) >= data.tokenizer.size:
        raise ValueError("ids.npy has an id that is not in tokenizer.json")


def windows_hash(folder: Path) -> str:
    """Return the hash of the contents of data/windows."""
    return sha256_of(*(sha256_of_file(folder / name) for name in ("ids.npy", "tokenizer.json", "plan.json")))
