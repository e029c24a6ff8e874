"""The number of threads: the variable, the affinity, the quota of a container, and other programs."""

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from stages.core.kernels import processors, sharing
from stages.core.kernels.processors import cgroup_quota, default_num_threads, num_processors
from stages.core.pipeline.errors import UserError
from tests.support.project import ROOT, environment

# answers each line that comes in
COUNTS = """
import sys
from stages.core.kernels import sharing
sharing.SECONDS_BETWEEN_LOOKS = 0
for _ in sys.stdin:
    print(sharing.num_programs(), flush=True)
"""


def test_the_variable_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZARATHUSTRA_NUM_THREADS", "3")
    assert default_num_threads() == 3
    for wanted in ("0", "two", "-1", " ", "1.5", "²"):
        monkeypatch.setenv("ZARATHUSTRA_NUM_THREADS", wanted)
        with pytest.raises(UserError, match=f"must be an integer >= 1. Received: '{wanted}'."):
            default_num_threads()


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize(("others", "expected"), [(0, 8), (1, 4), (2, 3), (7, 1), (20, 1)])
def test_programs_share_the_processors(
    value: str | None, others: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZARATHUSTRA_NUM_THREADS", raising=False)
    if value is not None:
        monkeypatch.setenv("ZARATHUSTRA_NUM_THREADS", value)
    monkeypatch.setattr(processors, "num_processors", lambda: 8)
    monkeypatch.setattr(processors, "num_programs", lambda: 1 + others)
    assert default_num_threads() == expected


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_processors_outside_of_the_affinity_do_not_count() -> None:
    program = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
    program += "from stages.core.kernels.processors import num_processors; print(num_processors())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, math.inf),
        ({"proc/self/cgroup": "0::/\n"}, math.inf),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, math.inf),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        # the narrowest group above counts
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/cpu.max": "400000 100000\n",
                "sys/fs/cgroup/a/cpu.max": "200000 100000\n",
            },
            2,
        ),
        # a path of the host, inside a container
        ({"proc/self/cgroup": "0::/docker/1f\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 0.5),
        (
            {
                "proc/self/cgroup": "3:cpuset:/\n2:cpu,cpuacct:/job\n1:memory:/x:y\n",
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
            },
            3,
        ),
        (
            {
                "proc/self/cgroup": "1:cpu:/\n0::/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            math.inf,
        ),
    ],
)
def test_the_quota_of_a_container_counts(files: dict[str, str], expected: float, tmp_path: Path) -> None:
    write(tmp_path, files)
    assert cgroup_quota(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [(0.25, 1), (1.0, 1), (1.5, 2), (math.inf, None)])
def test_a_part_of_a_processor_counts_whole(
    quota: float, expected: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = num_processors()
    monkeypatch.setattr(processors, "cgroup_quota", lambda: quota)
    assert num_processors() == min(allowed, expected or allowed)


@contextmanager
def program(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", COUNTS],
        cwd=ROOT,
        env=environment() | {"TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        yield process
        process.stdin.close()


def count(process: "subprocess.Popen[str]") -> int:
    stdin, stdout = process.stdin, process.stdout
    assert stdin and stdout
    stdin.write("\n")
    stdin.flush()
    return int(stdout.readline())


def test_programs_see_each_other_begin_and_end(tmp_path: Path) -> None:
    with ExitStack() as stack, program(tmp_path) as first:
        assert count(first) == 1
        others = [stack.enter_context(program(tmp_path)) for _ in range(2)]
        assert [count(p) for p in others] == [2, 3]
        assert count(first) == 3
        others[0].kill()
        others[0].wait()
        assert count(first) == 2
        assert count(first) == 2


def test_what_a_killed_program_left_goes_away(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.write_bytes(b"")
    assert not sharing._is_held(left)
    assert left.exists()  # it may be about to be locked
    os.utime(left, (0, 0))
    assert not sharing._is_held(left)
    assert not left.exists()


@pytest.mark.parametrize("state", ["file", "link", "missing"])
def test_where_no_lock_can_be_held_a_program_believes_that_it_is_alone(state: str, tmp_path: Path) -> None:
    folder = tmp_path / f"zarathustra-{os.getuid()}"
    if state == "file":
        folder.write_bytes(b"")
    elif state == "link":
        folder.symlink_to(tmp_path)
    program = "import tempfile, sys; tempfile.tempdir = sys.argv[1]; "
    program += "from stages.core.kernels.sharing import num_programs; print(num_programs())"
    where = tmp_path / "nowhere" if state == "missing" else tmp_path
    done = subprocess.run([sys.executable, "-c", program, where], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
