"""The text as windows: views into one row of ids, never copies.

Shapes: N tokens, n windows, T tokens in a window, B windows in a batch.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline.errors import readable
from stages.core.pipeline.files import read_json, require_file, sha256_of, sha256_of_file, write_json
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


def write_header(file: BinaryIO, tokenizer: Tokenizer, num_tokens: int) -> None:
    """Write the header of ids.npy; that of any number of tokens has the same length."""
    header = {"descr": tokenizer.dtype.str, "fortran_order": False, "shape": (num_tokens,)}
    np.lib.format.write_array_header_1_0(file, header)


def read_windows(folder: Path) -> WindowData:
    """Return the contents of data/windows; the ids stay on disk until they are used.

    Raises:
        UserError: the files are damaged or do not belong together.
    """
    with readable(folder / "tokenizer.json"):
        tokenizer = tokenizer_from_json(read_json(folder / "tokenizer.json"))
    with readable(folder / "plan.json"):
        plan = WindowPlan(**read_json(folder / "plan.json"))
    with readable(folder / "ids.npy"):
        data = WindowData(_map_ids(folder / "ids.npy", tokenizer, plan.num_tokens), tokenizer, plan)
        _check(data)
    return data


def _map_ids(path: Path, tokenizer: Tokenizer, num_tokens: int) -> NDArray[Any]:
    """Return ids.npy (N,), memory-mapped. NumPy ends the process on some headers, so only the right one reaches it."""
    expected = BytesIO()
    write_header(expected, tokenizer, num_tokens)
    header = expected.getvalue()
    with require_file(path).open("rb") as file:
        size = len(header) + num_tokens * tokenizer.dtype.itemsize
        if file.read(len(header)) != header or path.stat().st_size != size:
            raise ValueError("it has another length or type than plan.json and tokenizer.json say")
        return np.memmap(file, tokenizer.dtype, "r", len(header), (num_tokens,))


def _check(data: WindowData) -> None:
    """Raise a ValueError where the files do not fit; an id too large would be read from beside the weights."""
    if min(data.plan.num_training_windows, data.plan.num_validation_windows) < 1:
        raise ValueError("plan.json leaves no window for training or none for validation")
    if data.ids.max() >= data.tokenizer.size:
        raise ValueError("it has an id that is not in tokenizer.json")
    numbers = data.num_characters(data.training_ids), data.num_characters(data.validation_ids)
    if numbers != (data.plan.num_training_characters, data.plan.num_validation_characters):
        raise ValueError("it has another number of characters than plan.json says")


def windows_hash(folder: Path) -> str:
    """Return the hash of the contents of data/windows."""
    return sha256_of(*(sha256_of_file(folder / name) for name in ("ids.npy", "tokenizer.json", "plan.json")))
