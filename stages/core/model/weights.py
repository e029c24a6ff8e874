"""The weights of one epoch, read from a Keras weights file without Keras.

Legend: V characters of the vocabulary, H units. The four gates stand in Keras's order: input, forget, cell, output.
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from stages.core.common.errors import UserError

Float32Array = NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """All weights of the network, float32."""

    kernel: Float32Array  # (V, 4H)
    recurrent_kernel: Float32Array  # (H, 4H)
    bias: Float32Array  # (4H,)
    dense_kernel: Float32Array  # (H, V)
    dense_bias: Float32Array  # (V,)


def read_weights(path: Path) -> Weights:
    """Return the weights in a `.weights.h5` file as Keras 3 writes it.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        with h5py.File(path) as file:
            (lstm,) = (group for name, group in file["layers"].items() if "lstm" in name)
            variables = [lstm["cell/vars"][i][()] for i in "012"] + [file["layers/dense/vars"][i][()] for i in "01"]
    except (OSError, KeyError, ValueError) as error:
        raise UserError(
            f"{path}: not a readable file of weights ({error}). Run `dvc checkout`, or `dvc repro` to make it again."
        ) from None
    return Weights(*variables)
