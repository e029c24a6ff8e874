"""What training needs in memory at once, compared with what the machine and its control group have.

Shapes: B windows in a batch, T tokens in a window, H units of each of L layers, V tokens of the vocabulary.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import TrainParams

BASE = 1000 << 20  # bytes: Python, TensorFlow, MLflow, the compiler
CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def require_memory(params: TrainParams, vocabulary_size: int, window_length: int, num_validation_windows: int) -> None:
    """Refuse to train what will not fit, before the first step.

    Raises:
        UserError: it names the keys that decide how much is needed.
    """
    needed = bytes_needed(params, vocabulary_size, window_length, num_validation_windows)
    found = memory_limit()
    if found is not None and needed > found:
        raise UserError(
            f"params.yaml: training needs about {needed / 1e9:.1f} GB of memory; this machine, or the control group "
            f"that the process runs in, has {found / 1e9:.1f} GB. Lower train.batch_size ({params.batch_size}), "
            f"train.units ({params.units}), train.num_layers ({params.num_layers}) or vectorize.window_length "
            f"({window_length}); the vocabulary has {vocabulary_size} tokens."
        )


def bytes_needed(params: TrainParams, vocabulary_size: int, window_length: int, num_validation_windows: int) -> int:
    """Return an estimate of the largest sum of memory in use."""
    units, num_layers = params.units, params.num_layers
    positions = window_length if params.targets == "every" else 1  # that give logits
    num_weights = (8 * num_layers * units + 5 * vocabulary_size) * units
    # weights, gradients (of each shard), two states of the optimizer, an average, packed, at the start, and to be saved
    weights = (7 + params.shards) * num_weights
    # for each position and layer: gates, states and what goes back through them
    rows = max(params.batch_size, min(512, num_validation_windows) if params.targets == "last" else 0)
    states = 12 * rows * window_length * units * num_layers
    # logits, their softmax and two gradients
    logits = 4 * rows * positions * vocabulary_size
    return BASE + 4 * (weights + states + logits)


def memory_limit() -> int | None:
    """Return the bytes of memory that this process may use at most, or None where the system does not tell."""
    found = list(_cgroup_limits())
    if {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= os.sysconf_names.keys():
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)


def _cgroup_limits() -> Iterator[int]:
    """Yield the limits of this process's control group and of those around it (version 2, then 1)."""
    try:
        lines = OWN_CGROUP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        root, name = (CGROUPS, "memory.max") if not controllers else (CGROUPS / "memory", "memory.limit_in_bytes")
        if controllers and "memory" not in controllers.split(","):
            continue
        folder = root / path.lstrip("/")
        for each in (folder, *folder.parents):
            try:
                yield int((each / name).read_text(encoding="utf-8"))
            except (OSError, ValueError):  # not there; "max"
                continue
