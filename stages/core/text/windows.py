"""The text as windows: views into one row of ids, never copies.

Legend: N characters, n windows, T characters in a window, B windows in a batch.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import read_json, write_json
from stages.core.text.tokenizer import Tokenizer, tokenizer_from_json


@dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """How a text of `num_characters` is cut into windows, for training and for validation.

    The validation part is the end of the text, cut off before windowing: no window straddles the cut.

    >>> plan = WindowPlan(window_length=2, stride=1, num_characters=7, num_validation_characters=3)
    >>> plan.num_training_windows, plan.num_validation_windows
    (2, 1)
    """

    window_length: int
    stride: int
    num_characters: int
    num_validation_characters: int

    def __post_init__(self) -> None:
        """Refuse what is no plan."""
        if not all(type(number) is int for number in vars(self).values()):
            raise ValueError("a plan has integers only")
        if self.window_length < 1 or self.stride < 1:
            raise ValueError("window_length and stride must be >= 1")
        if not 0 <= self.num_validation_characters <= self.num_characters:
            raise ValueError("num_validation_characters must be from 0 to num_characters")

    @property
    def num_training_characters(self) -> int:
        """The number of characters before the cut."""
        return self.num_characters - self.num_validation_characters

    @property
    def num_training_windows(self) -> int:
        """The number of windows for training."""
        return num_windows(self.num_training_characters, self.window_length, self.stride)

    @property
    def num_validation_windows(self) -> int:
        """The number of windows for validation."""
        return num_windows(self.num_validation_characters, self.window_length, self.stride)


def num_windows(num_characters: int, window_length: int, stride: int) -> int:
    """Return how many windows, each with the character that follows it, fit into a text.

    >>> num_windows(600_893, 60, 3)
    200278
    """
    return max(0, -(-(num_characters - window_length) // stride))


def windows(ids: NDArray[Any], window_length: int, stride: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return all windows of a text and the character that follows each, as views.

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
    """What the folder data/windows holds: ids.npy (memory-mapped here), tokenizer.json, plan.json."""

    ids: NDArray[Any]  # (N,) smallest unsigned type
    tokenizer: Tokenizer
    plan: WindowPlan

    @property
    def training(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Windows (n, T) and targets (n,) for training."""
        return windows(self.ids[: self.plan.num_training_characters], self.plan.window_length, self.plan.stride)

    @property
    def validation(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Windows (n, T) and targets (n,) for validation."""
        return windows(self.ids[self.plan.num_training_characters :], self.plan.window_length, self.plan.stride)


def write_plan(folder: Path, tokenizer: Tokenizer, plan: WindowPlan) -> None:
    """Write tokenizer.json and plan.json."""
    write_json(folder / "tokenizer.json", tokenizer.to_json())
    write_json(folder / "plan.json", vars(plan))


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
    if data.ids.shape != (data.plan.num_characters,) or data.ids.dtype != data.tokenizer.dtype:
        raise ValueError("ids.npy has another length or type than plan.json and tokenizer.json say")
    if data.ids.max(initial=0) >= data.tokenizer.size:
        raise ValueError("ids.npy has an id that is not in tokenizer.json")
