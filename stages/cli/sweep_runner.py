"""Runs the points of a sweep or of a study that are missing; logs and prints all of them."""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, as_completed
from itertools import chain
from pathlib import Path

from stages.cli.options import value_of
from stages.cli.sweep_engines import ray_cluster, this_machine
from stages.cli.sweep_grid import Overrides
from stages.cli.sweep_point import Point
from stages.cli.sweep_start import dvc, experiments, on_many_machines, on_this_machine, require_commit
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline import progress, rules
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.secrets import masked
from stages.core.pipeline.visible import visible
from stages.core.tables.metrics import read_metrics
from stages.core.tracking.connection import Connection
from stages.core.tracking.describing import headline
from stages.core.tracking.sweep_run import BITS, SweepRun

RESULTS = ("reports/metrics.json", "models/network.json")


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the points run."""
    add = parser.add_argument
    add("-j", "--jobs", metavar="N", default=1, type=value_of("--jobs", int, rules.integer(1)),
        help="points at once on this machine, which share its processors (%(default)s)")  # fmt: skip
    add("--ray", metavar="ADDRESS", help="run each point as a task of this Ray cluster; auto: the one started here")
    add("--cpus", metavar="N", default=1, type=value_of("--cpus", int, rules.integer(1)),
        help="processors of each point on Ray (%(default)s)")  # fmt: skip
    add("--git-remote", metavar="NAME", default="origin",
        help="where the machines of Ray find the commit and put the experiments (%(default)s)")  # fmt: skip


def run_points(
    arguments: argparse.Namespace, name: str, points: Mapping[str, Overrides], swept: Mapping[str, str]
) -> dict[str, float]:
    """Run the points that are missing; return the bits per character of each, by name of its experiment.

    Args:
        arguments: where they run.
        name: of the sweep.
        points: by name of the experiment.
        swept: what the run of the sweep in MLflow shows as its parameters.

    Raises:
        UserError: some of them failed, each for the reason that was printed.
    """
    progress.set_up_logging()
    commit = require_commit()
    remote = arguments.git_remote if arguments.ray else None
    common = on_many_machines(commit, remote, arguments.cpus) if remote else on_this_machine(commit)
    engine = ray_cluster(arguments.ray, arguments.cpus) if remote else this_machine(arguments.jobs)
    sweep = SweepRun(Connection(required=True))
    sweep.start(name, commit, swept)
    failed, bits = [], {}
    with sweep.ended_early(), engine as submit:
        here = experiments(".", commit)
        done = [each for each in points if each in here | (experiments(remote, commit) if remote else {})]
        print(f"{len(points)} points, {len(done)} of them done before.", flush=True)
        missing = [Point(name=each, overrides=points[each], **common) for each in points if each not in done]
        futures = {submit(point): point.name for point in missing}
        for each, problem in chain(((each, "") for each in done), finished(futures)):
            if problem:
                failed.append(each)
                print(visible(f"{each} ({' '.join(points[each])}) failed:\n{masked(problem)}"), flush=True)
                continue
            if remote and each not in here:
                dvc("exp", "pull", remote, each)
            bits[each] = log_point(sweep, each, points[each], commit)
            print(visible(f"{bits[each]:.4f} bits per character  {each}  {' '.join(points[each])}"), flush=True)
        if failed:
            raise UserError(
                f"{len(failed)} of {len(points)} points failed, for the reasons above: {', '.join(failed)}."
            )
    sweep.mark_finished()
    return bits


def finished(futures: "Mapping[Future[str], str]") -> Iterator[tuple[str, str]]:
    """Yield the name of each point as soon as it ends, and what went wrong; nothing if all is well."""
    for future in as_completed(futures):
        error = future.exception()
        yield futures[future], future.result() if error is None else str(error)


def log_point(sweep: SweepRun, name: str, overrides: Overrides, commit: str) -> float:
    """Log a point from the outputs of its experiment; return its bits per held-out character.

    Raises:
        UserError: an output cannot be had, or is damaged.
    """
    with tempfile.TemporaryDirectory() as folder:
        for path in RESULTS:
            fetch(name, experiments(".", commit)[name], path, Path(folder))
        metrics = read_metrics(Path(folder, "metrics.json"))
        fingerprint = ModelFolder(Path(folder)).description().fingerprint
    bits = headline(metrics)[BITS]
    sweep.log_point(name, dict(each.split("=", 1) for each in overrides), bits, fingerprint)
    return bits


def fetch(name: str, revision: str, path: str, folder: Path) -> Path:
    """Write an output of an experiment into a folder, under its own name; return where it is now.

    Args:
        name: of the experiment.
        revision: its commit.
        path: of the output in the project; a file in a folder of outputs will do.
        folder: for the copy.

    Raises:
        UserError: it cannot be had.
    """
    from dvc.api import read  # takes half a second to import
    from dvc.exceptions import DvcException

    copy = folder / Path(path).name
    try:
        copy.write_bytes(read(path, rev=revision, mode="rb"))
    except (DvcException, OSError) as error:
        raise UserError(
            f"{name}: {path} is unavailable ({error}). `dvc exp remove {name}` lets it run again."
        ) from None
    return copy
