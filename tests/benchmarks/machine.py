"""What the figures were measured on."""

import platform
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from stages.core.kernels.tile import LANES
from tests.benchmarks.measuring import num_cores

PACKAGES = ("numpy", "numba", "tensorflow", "keras", "torch", "dvc")


def machine() -> dict[str, object]:
    """Return processor, cores, system, versions, and how busy others kept it just before."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": processor(),
        "cores": num_cores(),
        "lanes": LANES,
        "system": f"{platform.system()} {platform.machine()}",
        "busy_percent": busy_percent(),
        "versions": {"python": platform.python_version()} | {p: v for p in PACKAGES if (v := version_of(p))},
    }


def processor() -> str:
    """Return the model of the processor as the system calls it."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def busy_percent(seconds: float = 1.0) -> int | None:
    """Return how busy the processors are while this process waits, or None where the system does not tell."""
    counters = Path("/proc/stat")
    if not counters.exists():
        return None
    before = _processor_times(counters)
    time.sleep(seconds)
    passed = [now - then for now, then in zip(_processor_times(counters), before, strict=True)]
    return round(100 * (1 - sum(passed[3:5]) / max(1, sum(passed))))  # the fourth is idle, the fifth waits for a disk


def _processor_times(counters: Path) -> list[int]:
    # the eight that add up: user, nice, system, idle, iowait, irq, softirq, steal
    return [int(ticks) for ticks in counters.read_text(encoding="utf-8").split(maxsplit=9)[1:9]]


def version_of(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
