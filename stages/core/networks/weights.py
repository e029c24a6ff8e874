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
        with h5py.File(path) as file:
            return {name: _array(file, place, shape) for name, (place, shape) in layout.items()}
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        reason = str(error.args[0] if isinstance(error, KeyError) else error).splitlines()[0]
        raise UserError(
            f"{path}: not a readable file of weights of this network ({reason}). "
            "Run `dvc checkout`, or `dvc repro` to make it again."
        ) from None


def _array(file: Any, place: str, shape: tuple[int, ...]) -> Float32Array:
    found = file[place]
    if not isinstance(found, h5py.Dataset):
        raise ValueError(f"{place} is not an array")
    if found.dtype != np.float32 or found.shape != shape:
        raise ValueError(f"{place} must be float32 {shape}; it is {found.dtype} {found.shape}")
    array: Float32Array = found[()]
    if not np.isfinite(array).all():
        raise ValueError(f"{place} holds NaN or infinity: training diverged, or the file is damaged")
    return array
