"""How things are timed: in processes of their own and in turns, so that what disturbs one disturbs the other."""

import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from stages.core.kernels.processors import NUM_THREADS_VARIABLE
from tests.support.project import ROOT, environment

LAUNCHER = Path(__file__).with_name("launcher.py")
Value = TypeVar("Value")
Work = Callable[[], float | None]  # returns the seconds that count, where those are not all that it takes


@dataclass(frozen=True)
class Effort:
    """How much time there is."""

    name: Literal["quick", "default", "full"]

    def choose(self, quick: Value, default: Value, full: Value | None = None) -> Value:
        """Return the value for this effort; `full` is `default` where it is not given."""
        return {"quick": quick, "default": default, "full": default if full is None else full}[self.name]


def say(line: str) -> None:
    """Tell how far it is."""
    print(line, flush=True)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, lowest, highest and number of some values."""
    return {
        "median": statistics.median(values),
        "lowest": min(values),
        "highest": max(values),
        "num": len(values),
    }


def ratios(values: Sequence[float], base: Sequence[float]) -> dict[str, float]:
    """Return the spread of the ratios of values that were measured one beside the other."""
    return spread([value / other for value, other in zip(values, base, strict=True)])


def all_threads() -> dict[str, str]:
    """Return the variable that keeps a program from sharing the processors with whatever else trains at that time."""
    return {NUM_THREADS_VARIABLE: str(num_cores())}


class Contender:
    """Work in a process of its own, which gets ready as soon as this is made.

    Between its turns it is stopped: threads may go on looking for work, and would take a core from the next.

    Args:
        maker: a function of the benchmarks that returns the work, as "module:function".
        settings: its arguments.
    """

    def __init__(self, maker: str, **settings: Any) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.contender", maker, json.dumps(settings)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | all_threads())  # fmt: skip

    def __enter__(self) -> "Contender":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.send_signal(signal.SIGCONT)
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def wait(self) -> None:
        """Wait until it is warmed up."""
        self._answer()
        self._process.send_signal(signal.SIGSTOP)

    def seconds(self) -> float:
        """Do the work once; return how long it took."""
        assert self._process.stdin
        self._process.send_signal(signal.SIGCONT)
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        seconds = float(self._answer())
        self._process.send_signal(signal.SIGSTOP)
        return seconds

    def _answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a contender ended with status {self._process.wait()}: {self._process.args!r}")
        return line


def race(makers: Mapping[str, tuple[str, dict[str, Any]]], num_rounds: int) -> dict[str, list[float]]:
    """Make the contenders, let them work in turns A B A B; return the seconds of each, by round."""
    with ExitStack() as stack:
        contenders = {}
        for name, (maker, settings) in makers.items():
            contenders[name] = stack.enter_context(Contender(maker, **settings))
        for contender in contenders.values():
            contender.wait()
        return in_turns({name: c.seconds for name, c in contenders.items()}, num_rounds)


def in_turns(works: Mapping[str, Callable[[], float]], num_rounds: int) -> dict[str, list[float]]:
    """Call each in turn, A B A B; return what they returned: seconds, by round."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for i in range(num_rounds):
        for name, work in works.items():
            seconds[name].append(work())
        done = "  ".join(f"{name} {values[-1]:.3g} s" for name, values in seconds.items())
        say(f"  round {i + 1} of {num_rounds}: {done}")
    return seconds


@dataclass(frozen=True)
class Usage:
    """What a command took."""

    wall_s: float
    cpu_s: float
    peak_rss_mb: float
    output: str


def run_command(command: Sequence[str], folder: Path, num_threads: int | None = None) -> Usage:
    """Run a command in a folder to its end, with so many threads or processes; with all if None.

    Raises:
        RuntimeError: it failed; with its output.
    """
    # a process starts with the peak of the one that it comes from, and this one is large: a small one goes between
    launched = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCHER), *command],
        cwd=folder,
        env=environment() | ({NUM_THREADS_VARIABLE: str(num_threads)} if num_threads else all_threads()),
        capture_output=True,
        text=True,
        check=True,
    )
    made = json.loads(launched.stdout)
    if made.pop("status"):
        raise RuntimeError(f"{' '.join(command)} failed:\n{made['output']}")
    return Usage(**made)


def num_cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
