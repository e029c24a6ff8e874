"""Who runs the points of a sweep: threads of this machine, or a Ray cluster. Both give futures of what went wrong."""

import logging
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from stages.cli import sweep_point
from stages.cli.sweep_point import Point
from stages.core.pipeline.errors import UserError

START = "Start a cluster with `ray start --head`."
Submit = Callable[[Point], "Future[str]"]


@contextmanager
def this_machine(num_jobs: int) -> Iterator[Submit]:
    """Run some points at a time. Left early, it ends those that run."""
    pool = ThreadPoolExecutor(num_jobs)
    try:
        yield lambda point: pool.submit(sweep_point.run, point)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        sweep_point.stop()
        pool.shutdown()


@contextmanager
def ray_cluster(address: str, num_cpus: int) -> Iterator[Submit]:
    """Run the points as tasks of Ray, which starts one again whose machine is lost.

    Raises:
        UserError: Ray is not installed, or no cluster is there.
    """
    try:
        import ray
    except ImportError:
        raise UserError("--ray needs Ray, which is not installed. `make scale` installs it.") from None
    host, colon, port = address.rpartition(":")
    try:  # Ray itself waits for minutes
        if colon and port.isdecimal():
            socket.create_connection((host.rpartition("/")[2], int(port)), timeout=10).close()
    except (OSError, OverflowError):
        raise UserError(f"--ray {address}: nothing listens there. {START}") from None
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise UserError(f"--ray {address}: {reason}. {START}") from None
    try:
        ray.cloudpickle.register_pickle_by_value(sweep_point)  # the machines need not have the same version of it
        task = ray.remote(num_cpus=num_cpus)(sweep_point.run)
        yield lambda point: task.remote(point).future()
    finally:
        ray.shutdown()
