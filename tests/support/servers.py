"""Real servers on free ports of this machine, for as long as a test needs them."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.project import environment

LONGEST_START = 300  # seconds
NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # six processes that no test needs; `make ui` has none either


def free_port() -> int:
    """Return the number of a port that nobody listens to."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(
    command: list[str], folder: Path, url: str, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until it answers at `url`, and then as long as the block lasts."""
    with folder.with_name("server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment() | NO_JOBS | dict(variables or {}),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        give_up = time.monotonic() + LONGEST_START
        while not answers(url):
            if process.poll() is not None or time.monotonic() > give_up:
                raise AssertionError(folder.with_name("server.log").read_text(encoding="utf-8"))
            time.sleep(0.1)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(url: str) -> bool:
    """Tell whether a server answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
