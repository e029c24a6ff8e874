"""Runs the workers of a training in a cluster of Ray, whose TensorflowTrainer connects and restarts them.

Each machine of the cluster must see the folder of the project under the same path.
"""

import os
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import scratch_root
from stages.core.pipeline.ray_cluster import named

# of keras/tensorflow.py, which comes too late in a worker: Ray's own module imports TensorFlow before it
VARIABLES = {"TF_ENABLE_ONEDNN_OPTS": "0", "ONEDNN_MAX_CPU_ISA": "AVX2"}
MAX_FAILURES = 3  # of a worker; the training then resumes after the last whole epoch


def run(count: int, first: list[str], other: list[str]) -> None:
    """Train in the cluster that RAY_ADDRESS names.

    Args:
        count: of workers, at most: with fewer free processors, Ray starts fewer.
        first: module and arguments of the first worker.
        other: of the others.

    Raises:
        UserError: there is no Ray, no cluster, or the training ended with an error.
    """
    with named():
        from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
        from ray.train.tensorflow import TensorflowTrainer

        storage = scratch_root() / "ray"
        trainer = TensorflowTrainer(
            _work,
            train_loop_config={"folder": str(Path.cwd()), "first": first, "other": other},
            scaling_config=ScalingConfig(num_workers=(1, count)),
            run_config=RunConfig(
                storage_path=str(storage),
                failure_config=FailureConfig(max_failures=MAX_FAILURES),
                worker_runtime_env={"env_vars": VARIABLES},
            ),
        )
        try:
            trainer.fit()
        except TrainingFailedError as error:
            why = _last_line(error)
            raise UserError(f"The training in Ray's cluster ended: {why}. `dvc repro` resumes it.") from None
        finally:
            shutil.rmtree(storage, ignore_errors=True)


def _work(config: dict[str, Any]) -> None:
    """Do in a process of Ray what `python -m` would do in one of its own."""
    from ray.train import get_context

    os.environ.pop("TF_USE_LEGACY_KERAS", None)  # Ray sets it
    os.chdir(config["folder"])
    module, *arguments = config["other" if get_context().get_world_rank() else "first"]
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise RuntimeError(str(end.code).strip()) from None


def _last_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].rstrip(".")
