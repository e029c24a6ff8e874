"""How many threads a program uses: its share of the processors that it may use. The number changes no bit."""

import math
import os
from pathlib import Path

from stages.core.kernels.sharing import num_programs
from stages.core.pipeline.errors import UserError

NUM_THREADS_VARIABLE = "ZARATHUSTRA_NUM_THREADS"
# of cgroup v1, quota and period; v2 has both in one file
QUOTA_FILES = ("cpu.cfs_quota_us", "cpu.cfs_period_us")


def default_num_threads() -> int:
    """Return ZARATHUSTRA_NUM_THREADS; if that is unset or empty, this program's share of the processors.

    Programs of one user that call this at the same time, as the jobs of `dvc queue start -j 2`, share the processors.
    The answer follows within seconds when another begins or ends.

    Raises:
        UserError: the variable is neither empty nor an integer >= 1.
    """
    wanted = os.environ.get(NUM_THREADS_VARIABLE)
    if not wanted:
        return math.ceil(num_processors() / num_programs())
    if not wanted.isdecimal() or int(wanted) < 1:
        raise UserError(f"{NUM_THREADS_VARIABLE} must be an integer >= 1. Received: {wanted!r}. Correct or unset it.")
    return int(wanted)


def num_processors() -> int:
    """Return how many processors this process may keep busy: by its affinity, and by the quota of its container."""
    # macOS does not tell the affinity
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, cgroup_quota())))


def cgroup_quota(root: Path = Path("/")) -> float:
    """Return the processors that the control group of this process, or one above it, allows; infinite if not limited.

    Args:
        root: of the file system.
    """
    quotas = [math.inf]
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            mount = root / "sys/fs/cgroup"
            read = _quota_v2
        elif "cpu" in controllers.split(","):
            mount = root / "sys/fs/cgroup" / controllers
            mount = mount if mount.is_dir() else root / "sys/fs/cgroup/cpu"
            read = _quota_v1
        else:
            continue
        folder = mount / path.strip("/")
        # in a container the path may be one of the host: then only what is mounted can be read
        quotas += [read(f) for f in (folder, *folder.parents) if f.is_relative_to(mount)]
    return min(quotas)


def _quota_v2(folder: Path) -> float:
    for line in _lines(folder / "cpu.max"):  # "max 100000", or "150000 100000"
        return _ratio(*line.split())
    return math.inf


def _quota_v1(folder: Path) -> float:
    quota, period = (_lines(folder / name) for name in QUOTA_FILES)
    return _ratio(quota[0], period[0]) if quota and period else math.inf


def _ratio(quota: str, period: str) -> float:
    return int(quota) / int(period) if quota.isdecimal() and int(quota) > 0 < int(period) else math.inf


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
