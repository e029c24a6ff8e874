"""One training by one, two, three and four workers: every choice of params.yaml gives the same bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stages.core.training.launch import free_addresses, tf_config
from tests.support.project import ROOT
from tests.support.sharding import CHOICES


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The hashes of one worker."""
    return trained(1, tmp_path_factory.mktemp("alone"))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_several_workers_give_the_bytes_of_one(count: int, alone: Any, tmp_path: Path) -> None:
    received = trained(count, tmp_path)
    assert list(alone) == list(CHOICES)
    assert {name for name in alone if received[name] != alone[name]} == set()


def trained(count: int, folder: Path) -> Any:
    """Train all choices by some workers; return what the first one prints."""
    addresses = free_addresses(count)
    processes = []
    for index in range(count):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("ZARATHUSTRA_", "TF_", "DVC_"))}
        environment |= {"PYTHONPATH": str(ROOT), "TF_NUM_INTRAOP_THREADS": "1"}
        if count > 1:
            environment["TF_CONFIG"] = tf_config(addresses, index)
        own = folder / str(index)
        own.mkdir()
        command = [sys.executable, "-m", "tests.support.sharding"]
        processes.append(subprocess.Popen(command, cwd=own, env=environment, stdout=subprocess.PIPE, text=True))
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * count
    # only the first worker has written anything
    assert [list(path.iterdir()) for path in sorted(folder.iterdir())[1:]] == [[]] * (count - 1)
    return json.loads(outputs[0])
