"""Parts of the rows on threads: several callers at once, errors that reach the caller, programs that end."""

import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from stages.core.kernels import loops
from stages.core.kernels.parts import MAX_PARTS, parts_of
from tests.support.kernels import assert_same_bits, computed, workspace_for
from tests.support.lstm_reference import Example
from tests.support.project import ROOT, environment

EXAMPLES = [Example.random(*sizes) for sizes in ((37, 5, 6, 37), (140, 8, 20, 64), (1, 3, 4, 5), (70, 6, 9, 128))]
USES_THREADS = """
import sys
from tests.support.lstm_reference import Example
from tests.support.kernels import computed
computed(Example.random(70, 5, 6, 37), num_threads=int(sys.argv[1]))
"""


def test_several_callers_at_once_each_get_their_own() -> None:
    expected = [computed(example, num_threads=1) for example in EXAMPLES]

    def call(seed: int) -> None:
        choices = random.Random(seed)
        workspaces = [workspace_for(example, choices.randint(1, 4)) for example in EXAMPLES]
        for _ in range(50):
            which = choices.randrange(len(EXAMPLES))
            assert_same_bits(computed(EXAMPLES[which], workspace=workspaces[which]), expected[which])

    with ThreadPoolExecutor(3) as callers:
        for called in [callers.submit(call, seed) for seed in range(3)]:
            called.result()


@pytest.mark.parametrize("num_threads", [2, 3])
def test_a_program_that_used_threads_ends(num_threads: int) -> None:
    command = [sys.executable, "-c", USES_THREADS, str(num_threads)]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, timeout=60)


def test_an_error_in_a_thread_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(loops, "forward", fail)
    with pytest.raises(OSError, match="no space"):
        computed(EXAMPLES[0], workspace=workspace_for(EXAMPLES[0], 2))


@pytest.mark.parametrize(
    ("num_rows", "num_parts"), [(0, 1), (1, 1), (31, 1), (32, 2), (64, 4), (128, 4), (256, 8), (10_000, MAX_PARTS)]
)
def test_parts_hold_every_row_once(num_rows: int, num_parts: int) -> None:
    parts = parts_of(num_rows)
    assert len(parts) == num_parts
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(num_rows))
