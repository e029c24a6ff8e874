"""Starts the workers of a training: on this machine, or by Ray on the machines of its cluster.

ZARATHUSTRA_NUM_WORKERS says how many there are; it changes no byte. With RAY_ADDRESS, Ray's own variable, they run in
that cluster. With TF_CONFIG, TensorFlow's own, this process already is one of them.
"""

import json
import math
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from stages.core.kernels.processors import num_processors
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import scratch_root
from stages.core.pipeline.ray_cluster import is_named
from stages.core.training import ray_cluster

NUM_WORKERS_VARIABLE = "ZARATHUSTRA_NUM_WORKERS"
WORKER = "stages.core.training.worker"
_started: list[subprocess.Popen[bytes]] = []  # kept: their input ends with the last reference


def num_workers(num_shards: int) -> int:
    """Return how many workers are wanted.

    Args:
        num_shards: train.shards.

    Raises:
        UserError: they could not share so many shards.
    """
    wanted = os.environ.get(NUM_WORKERS_VARIABLE) or "1"
    if wanted.isdecimal() and int(wanted) in (2**i for i in range(num_shards.bit_length())):
        return int(wanted)
    raise UserError(
        f"{NUM_WORKERS_VARIABLE} must be a power of two from 1 to train.shards, which is {num_shards} in params.yaml. "
        f"Received: {wanted!r}. Change one of them."
    )


def is_worker() -> bool:
    """Tell whether somebody else has started this process as a worker."""
    return bool(os.environ.get("TF_CONFIG"))


def start(count: int, first: list[str], windows: Path) -> bool:
    """Start the workers; return whether this process is the first of them, or is done because Ray has run them all.

    Args:
        count: of all workers.
        first: module and arguments of this process.
        windows: folder of data/windows.
    """
    if count == 1 or is_worker():
        return True
    if is_named():
        ray_cluster.run(count, first, [WORKER, str(windows)])
        return False
    start_others(count, windows)
    return True


def start_others(count: int, windows: Path) -> None:
    """Make this process the first of some workers on this machine, and start the others. They end with it.

    Args:
        count: of all workers.
        windows: folder of data/windows.
    """
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(math.ceil(num_processors() / count)))
    addresses = free_addresses(count)
    for index in reversed(range(count)):
        os.environ["TF_CONFIG"] = tf_config(addresses, index)
        if index:
            _start(index, windows)


def _start(index: int, windows: Path) -> None:
    log = scratch_root() / f"worker-{index + 1}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", WORKER, str(windows), "--until-input-ends"]
    with log.open("wb") as file:
        # its input ends when this process does, however that happens
        _started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT))


def tf_config(addresses: list[str], index: int) -> str:
    """Return the value of TF_CONFIG for one of the workers at some addresses."""
    return json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})


def free_addresses(count: int) -> list[str]:
    """Return addresses of this machine with ports that nobody uses."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return ["{}:{}".format(*each.getsockname()) for each in sockets]
