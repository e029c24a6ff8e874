"""The cluster of Ray that RAY_ADDRESS, Ray's own variable, names. Its machines see the project under the same path."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stages.core.pipeline.errors import UserError

PASSED_ON = ("DVC_", "GIT_", "MLFLOW_", "ZARATHUSTRA_")  # what the names of variables begin with


def is_named() -> bool:
    """Tell whether work goes to a cluster."""
    return bool(os.environ.get("RAY_ADDRESS"))


@contextmanager
def connected() -> Iterator[Any]:
    """Connect to the cluster; give the module ray.

    Raises:
        UserError: there is no Ray or no cluster.
    """
    try:
        import ray
    except ImportError as error:
        raise UserError(
            f"RAY_ADDRESS is set, and Ray is missing ({error}). `make scale` installs it; unset RAY_ADDRESS to use "
            "this machine alone."
        ) from None
    variables = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    environment = {"env_vars": {**variables, "PYTHONPATH": str(Path.cwd())}}
    try:
        ray.init(runtime_env=environment, logging_level="warning")
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UserError(
            f"RAY_ADDRESS={os.environ['RAY_ADDRESS']}: no cluster of Ray answers ({str(error).splitlines()[0]}). "
            "`ray start --head` begins one; unset RAY_ADDRESS to use this machine alone."
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()
