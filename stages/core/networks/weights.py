"""The weights of one epoch, read from a Keras weights file without Keras, and checked before use."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline.errors import UserError

Float32Array = NDArray[np.float32]
Weights = Mapping[str, Float32Array]
Layout = dict[str, tuple[str, tuple[int, ...]]]  # name -> place in the file, shape


def read_weights(path: Path, layout: Layout) -> Weights:
    """Return the weights in a `.weights.h5` file as Keras 3 writes it.

    Args:
        path: of the file.
        layout: for each array its place in the file and its shape.

    Raises:
        UserError: the file is missing or damaged, or an array has another type or shape, or holds NaN or infinity.
    """
    try:
        if not path.is_file():
            raise ValueError("there is no such file")
        with h5py.File(path) as file:
            return {name: _array(file, place, shape) for name, (place, shape) in layout.items()}
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        reason = str(error.args[0] if isinstance(error, KeyError) else error).splitlines() or [type(error).__name__]
        raise UserError(
            f"{path}: not a readable file of weights of this network ({reason[0]}). "
            "Run `dvc checkout`, or `dvc repro` to make it again."
        ) from None


def _array(file: Any, place: str, shape: tuple[int, ...]) -> Float32Array:
    found = _dataset(file, place)
    if found.dtype != np.float32 or found.shape != shape:
        raise ValueError(f"{place} must be float32 {shape}; it is {found.dtype} {found.shape}")
    # what is compressed, left out or in another file could claim any size and any content
    if found.chunks is not None or found.external or found.is_virtual or found.id.get_storage_size() != found.nbytes:
        raise ValueError(f"{place} must be stored in one piece")
    array: Float32Array = found[()]
    if not np.isfinite(array).all():
        raise ValueError(f"{place} holds NaN or infinity: training diverged, or the file is damaged")
    return array


def _dataset(file: Any, place: str) -> Any:
    """Return a dataset, reached through groups of this file alone."""
    found, names = file, place.split("/")
    for i, name in enumerate(names):
        if not isinstance(found, h5py.Group):
            raise ValueError(f"{'/'.join(names[:i])} must be a group")
        if name not in found:
            raise ValueError(f"{place} is missing")
        if not isinstance(found.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"{'/'.join(names[: i + 1])} must not be a link")
        found = found[name]
    if not isinstance(found, h5py.Dataset):
        raise ValueError(f"{place} must be an array")
    return found
