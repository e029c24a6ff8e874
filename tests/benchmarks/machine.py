"""What the figures were measured on."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from stages.core.vectors import LANES
from tests.benchmarks.measuring import num_cores

PACKAGES = ("numpy", "numba", "tensorflow", "keras", "torch", "dvc")


def machine() -> dict[str, object]:
    """Return processor, cores, system, versions, and how busy the machine was when measuring began."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": processor(),
        "cores": num_cores(),
        "lanes": LANES,
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
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


def version_of(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
