"""The files of a big corpus in several processes, here or in a cluster of Ray, whoever is first: in their order."""

import os
import shutil
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import BinaryIO, TypeVar

from stages.core.pipeline import ray_cluster

LEAST_BYTES = 64_000_000  # of a corpus; with less, starting processes takes longer than they save
GROUPS_BY_PROCESS = 4  # so that none waits long for the last
Result = TypeVar("Result")


def groups(sizes: Sequence[int], num_processes: int) -> list[range]:
    """Return the files in groups of neighbours with about as many bytes each; one group where that is not worth it.

    Args:
        sizes: bytes of each file.
        num_processes: at most, on this machine; a cluster of Ray takes all big files at once.

    >>> groups([50_000_000, 10_000_000, 40_000_000], num_processes=1)
    [range(0, 3)]
    >>> groups([50_000_000, 10_000_000, 40_000_000], num_processes=2)
    [range(0, 1), range(1, 2), range(2, 3)]
    """
    if ray_cluster.is_named():
        num_processes = len(sizes)
    ends = list(accumulate(sizes))
    if num_processes == 1 or not ends or ends[-1] < LEAST_BYTES:
        return [range(len(sizes))]
    num_groups = num_processes * GROUPS_BY_PROCESS
    cuts = {bisect_right(ends, ends[-1] * i // num_groups) for i in range(1, num_groups)}
    return [range(a, b) for a, b in pairwise(sorted({0, *cuts, len(sizes)}))]


def in_order(work: Callable[[range], Result], files: Sequence[range], num_processes: int) -> Iterator[Result]:
    """Yield what `work` returns for each group, computed in processes of their own."""
    if ray_cluster.is_named():
        with ray_cluster.named() as ray:
            started = [ray.remote(_in_folder).remote(str(Path.cwd()), work, group) for group in files]
            try:
                yield from map(ray.get, started)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
        return
    from joblib import Parallel, delayed  # takes a fifth of a second to import

    yield from Parallel(num_processes, return_as="generator")(delayed(work)(group) for group in files)


def _in_folder(folder: str, work: Callable[[range], Result], group: range) -> Result:
    os.chdir(folder)  # a process of Ray begins elsewhere
    return work(group)


def append(target: BinaryIO, part: Path) -> None:
    """Move what a process has written to the end of a file."""
    with part.open("rb") as file:
        shutil.copyfileobj(file, target, 1 << 20)
    part.unlink()
