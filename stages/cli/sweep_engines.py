"""Who runs the points of a sweep: threads of this machine, or a Ray cluster. Both give futures of what went wrong."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from stages.cli import sweep_point
from stages.cli.sweep_point import Point
from stages.core.pipeline.ray_cluster import connected

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
    with connected("--ray", address, log_to_driver=False, logging_level=logging.ERROR) as ray:
        ray.cloudpickle.register_pickle_by_value(sweep_point)  # the machines need not have the same version of it
        task = ray.remote(num_cpus=num_cpus)(sweep_point.run)
        yield lambda point: task.remote(point).future()
