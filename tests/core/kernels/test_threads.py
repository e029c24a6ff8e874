"""Threads that look for work in compiled code: they come back from naps, serve several callers, and end."""

import gc
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from stages.core.kernels.jobs import JOB
from stages.core.kernels.lstm import LstmCpu
from stages.core.kernels.threads import LstmThreads
from tests.core.kernels.test_lstm import assert_same_bits, computed
from tests.support.lstm_reference import Example
from tests.support.project import ROOT, environment

LONG_ENOUGH_FOR_NAPS = 0.1  # seconds
EXAMPLES = [Example.random(*sizes) for sizes in ((7, 5, 6, 37), (40, 8, 20, 64), (1, 3, 4, 5), (33, 6, 9, 128))]
USES_THREADS = """
import sys
import time
from tests.support.lstm_reference import Example
from tests.core.kernels.test_lstm import computed
computed(Example.random(7, 5, 6, 37), num_threads=int(sys.argv[1]))
time.sleep(float(sys.argv[2]))
"""
CANNOT_KEEP_WHAT_IS_COMPILED_FIRST = """
from numba.core.caching import FunctionCache
from tests.support.lstm_reference import Example
from tests.core.kernels.test_lstm import computed
save, errors = FunctionCache.save_overload, [OSError("no space")]
def save_overload(*arguments):
    if errors:
        raise errors.pop()
    save(*arguments)
FunctionCache.save_overload = save_overload
computed(Example.random(7, 5, 6, 37), num_threads=3)
"""


@pytest.mark.parametrize("num_threads", [2, 3, 4])
def test_threads_come_back_from_naps(num_threads: int) -> None:
    lstm = LstmCpu(num_threads)
    expected = computed(EXAMPLES[0], num_threads=1)
    for pause in (0, LONG_ENOUGH_FOR_NAPS, 0, LONG_ENOUGH_FOR_NAPS):
        time.sleep(pause)
        assert_same_bits(computed(EXAMPLES[0], lstm=lstm), expected)


def test_several_callers_at_once_are_each_given_their_own() -> None:
    expected = [computed(example, num_threads=1) for example in EXAMPLES]

    def call(seed: int) -> None:
        choices = random.Random(seed)
        lstms = [LstmCpu(num_threads) for num_threads in (1, 2, 3, 4)]
        for _ in range(100):
            which = choices.randrange(len(EXAMPLES))
            assert_same_bits(computed(EXAMPLES[which], lstm=choices.choice(lstms)), expected[which])

    with ThreadPoolExecutor(3) as callers:
        for called in [callers.submit(call, seed) for seed in range(3)]:
            called.result()


@pytest.mark.parametrize("num_jobs", [0, 1, 3])
def test_threads_end_with_their_owner(num_jobs: int) -> None:
    before = set(threading.enumerate())
    threads = LstmThreads(3)
    for _ in range(num_jobs):
        threads.do(np.zeros(1, JOB))  # the forward pass of a batch without windows
    added = set(threading.enumerate()) - before
    assert len(added) == 2
    del threads
    gc.collect()
    for thread in added:
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize(("num_threads", "pause"), [(2, 0), (3, 0), (3, LONG_ENOUGH_FOR_NAPS)])
def test_a_program_ends_while_threads_look_for_work(num_threads: int, pause: float) -> None:
    subprocess.run(
        [sys.executable, "-c", USES_THREADS, str(num_threads), str(pause)],
        cwd=ROOT,
        env=environment(),
        check=True,
        timeout=60,
    )


def test_an_error_while_compiling_reaches_the_caller(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CANNOT_KEEP_WHAT_IS_COMPILED_FIRST],
        cwd=ROOT,
        env=environment() | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.endswith("OSError: no space\n")
