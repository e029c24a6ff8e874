"""The state after every epoch, kept as scratch so that a killed or longer run goes on exactly where one ended.

    models/.resume/<fingerprint>/007.weights.h5   what models/epochs will hold
                                 007.optimizer.npz
                                 007.json         the row of the history and the hashes of the two; written last

DVC deletes the outputs of a stage before it runs, so the scratch lies beside them, ignored by git and DVC. It is
under the project itself (DVC_ROOT), where temporary experiments find it too.
"""

import errno
import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline.files import (
    atomic_write,
    last_used,
    read_json,
    scratch_root,
    sha256_of,
    sha256_of_file,
    write_json,
)
from stages.core.pipeline.locks import hold, is_held
from stages.core.tables.history import HistoryRow

MAX_FINGERPRINTS = 4
HDF5_OVERHEAD = 100_000  # bytes, generously
logger = logging.getLogger(__name__)


class Checkpoints:
    """The checkpoints of the training run with one fingerprint."""

    def __init__(self, fingerprint: str) -> None:
        self.folder = scratch_root() / fingerprint[:16]

    def wait_for_others(self) -> None:
        """Lock this training until the process ends: of two at once, the second takes up what the first has trained."""
        hold(
            self.folder / "lock",
            lambda: logger.info("Another process is training the same network. Waiting for it to end (Ctrl-C stops)."),
        )

    def save(
        self, row: HistoryRow, save_weights: Callable[[Path], None], optimizer: Mapping[str, NDArray[Any]]
    ) -> None:
        """Keep the state after the epoch of `row`. A kill at any moment leaves the epoch whole or absent."""
        epoch = row.epoch
        self._require_room(sum(array.nbytes for array in optimizer.values()))
        with atomic_write(self.weights_path(epoch)) as partial:
            save_weights(partial)
        with atomic_write(self._optimizer_path(epoch)) as partial, partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **optimizer)
        write_json(self._record_path(epoch), {"row": asdict(row), "sha256": self._hashes(epoch) | _hash_of(row)})

    def row(self, epoch: int) -> HistoryRow | None:
        """Return the row of the history of an epoch, or None where its checkpoint is absent or damaged."""
        path = self._record_path(epoch)
        if not path.exists():
            return None
        try:
            record = read_json(path)
            row = HistoryRow(**record["row"])
            hashes = {path.name: _hash_of(row)["row"]} | self._hashes(epoch)
            recorded = {path.name: record["sha256"]["row"]} | record["sha256"]
            damaged = [name for name, found in hashes.items() if found != recorded[name]]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            damaged = [path.name]
        if not damaged:
            return row
        logger.warning("Damaged checkpoint: %s; epoch %d is trained again.", self.folder / damaged[0], epoch)
        path.unlink()
        return None

    def optimizer(self, epoch: int) -> dict[str, NDArray[Any]]:
        """Return the state of the optimizer after an epoch."""
        with np.load(self._optimizer_path(epoch), allow_pickle=False) as file:
            return dict(file)

    def weights_path(self, epoch: int) -> Path:
        """Return where the weights after an epoch are."""
        return self.folder / f"{epoch:03d}.weights.h5"

    def remove_others(self) -> None:
        """Keep the scratch bounded: only that of the fingerprints used last stays, and what others train right now."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.touch()  # the time of a folder is that of its last use
        others = [p for p in scratch_root().glob("?" * len(self.folder.name)) if p != self.folder]
        for old in sorted(others, key=last_used, reverse=True)[MAX_FINGERPRINTS - 1 :]:
            if not is_held(old / "lock"):
                shutil.rmtree(old, ignore_errors=True)

    def _optimizer_path(self, epoch: int) -> Path:
        return self.folder / f"{epoch:03d}.optimizer.npz"

    def _record_path(self, epoch: int) -> Path:
        return self.folder / f"{epoch:03d}.json"

    def _require_room(self, num_bytes: int) -> None:
        """Refuse to begin a checkpoint that the disk will not hold: HDF5 does not survive a full disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < 2 * num_bytes + HDF5_OVERHEAD:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))

    def _hashes(self, epoch: int) -> dict[str, str]:
        return {p.name: sha256_of_file(p) for p in (self.weights_path(epoch), self._optimizer_path(epoch))}


def _hash_of(row: HistoryRow) -> dict[str, str]:
    return {"row": sha256_of(json.dumps(asdict(row), sort_keys=True))}
