"""A cluster of Ray. One that RAY_ADDRESS, Ray's own variable, names has machines that see the same project folder."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stages.core.pipeline.errors import UserError

VARIABLE = "RAY_ADDRESS"
PASSED_ON = ("DVC_", "GIT_", "MLFLOW_", "ZARATHUSTRA_")  # what the names of variables begin with


def is_named() -> bool:
    """Tell whether work goes to the cluster that the variable names."""
    return bool(os.environ.get(VARIABLE))


@contextmanager
def named() -> Iterator[Any]:
    """Connect to the cluster that the variable names; give the module ray.

    Raises:
        UserError: there is no Ray or no cluster.
    """
    variables = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    environment = {"env_vars": {**variables, "PYTHONPATH": str(Path.cwd())}}
    with connected(VARIABLE, os.environ[VARIABLE], runtime_env=environment, logging_level="warning") as ray:
        yield ray


@contextmanager
def connected(source: str, address: str, **options: Any) -> Iterator[Any]:
    """Connect to a cluster; give the module ray.

    Args:
        source: of the address, an option or a variable, for messages.
        address: of the cluster.
        options: of ray.init.

    Raises:
        UserError: there is no Ray or no cluster.
    """
    try:
        import ray
    except ImportError:
        raise UserError(f"{source} needs Ray, which is not installed. `make scale` installs it.") from None
    start = f"Start a cluster with `ray start --head`, or leave {source} out."
    host, colon, port = address.rpartition(":")
    try:  # Ray itself waits for minutes
        if colon and port.isdecimal():
            socket.create_connection((host.rpartition("/")[2], int(port)), timeout=10).close()
    except (OSError, OverflowError):
        raise UserError(f"{source} {address}: nothing listens there. {start}") from None
    try:
        ray.init(address=address, **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise UserError(f"{source} {address}: {reason}. {start}") from None
    try:
        yield ray
    finally:
        ray.shutdown()
