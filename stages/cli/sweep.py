"""`zarathustra sweep`: an experiment for every combination of some settings, on this machine or on a Ray cluster."""

import argparse
import re
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, as_completed
from itertools import chain
from pathlib import Path

from stages.cli.options import require_project, value_of
from stages.cli.sweep_engines import ray_cluster, this_machine
from stages.cli.sweep_grid import Overrides, grid, point_name
from stages.cli.sweep_point import Point
from stages.cli.sweep_start import dvc, experiments, on_many_machines, on_this_machine, require_commit
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline import progress, rules
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.rules import Rule
from stages.core.pipeline.visible import visible
from stages.core.tables.metrics import read_metrics
from stages.core.tracking.connection import Connection
from stages.core.tracking.describing import headline
from stages.core.tracking.sweep_run import SweepRun

NAME = Rule("letters, digits, _ and -, a letter first", lambda v: re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", v) is not None)
RESULTS = ("reports/metrics.json", "models/network.json")


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = (
        "Example: zarathustra sweep -S train.learning_rate=0.005,0.01 -S 'train.random_seed=range(4)'. Started again, "
        "it runs what is missing. `dvc exp show` lists the experiments; in MLflow each is a child run of the sweep."
    )
    add = parser.add_argument
    add("-S", "--set-param", metavar="KEY=VALUES", action="append", required=True,
        help="values of a setting, as DVC writes them: 1,2,3 or range(4); several of these make a grid")  # fmt: skip
    add("-n", "--name", default="sweep", type=value_of("--name", str, NAME), help="of the sweep (%(default)s)")
    add("-j", "--jobs", metavar="N", default=1, type=value_of("--jobs", int, rules.integer(1)),
        help="points at once on this machine, which share its processors (%(default)s)")  # fmt: skip
    add("--ray", metavar="ADDRESS", help="run each point as a task of this Ray cluster; auto: the one started here")
    add("--cpus", metavar="N", default=1, type=value_of("--cpus", int, rules.integer(1)),
        help="processors of each point on Ray (%(default)s)")  # fmt: skip
    add("--git-remote", metavar="NAME", default="origin",
        help="where the machines of Ray find the commit and put the experiments (%(default)s)")  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the points that are missing; log and print all of them.

    Raises:
        UserError: some of them failed, each for the reason that was printed.
    """
    require_project()
    progress.set_up_logging()
    points = {point_name(arguments.name, overrides): overrides for overrides in grid(arguments.set_param)}
    commit = require_commit()
    remote = arguments.git_remote if arguments.ray else None
    common = on_many_machines(commit, remote, arguments.cpus) if remote else on_this_machine(commit)
    engine = ray_cluster(arguments.ray, arguments.cpus) if remote else this_machine(arguments.jobs)
    sweep = SweepRun(Connection(required=True))
    sweep.start(arguments.name, commit, dict(each.split("=", 1) for each in arguments.set_param))
    failed, bits = [], {}
    with sweep.ended_early(), engine as submit:
        here = experiments(".", commit)
        done = [name for name in points if name in here | (experiments(remote, commit) if remote else {})]
        print(f"{len(points)} points, {len(done)} of them done before.", flush=True)
        missing = [Point(name=name, overrides=points[name], **common) for name in points if name not in done]
        futures = {submit(point): point.name for point in missing}
        for name, problem in chain(((name, "") for name in done), finished(futures)):
            if problem:
                failed.append(name)
                print(visible(f"{name} ({' '.join(points[name])}) failed:\n{problem}"), flush=True)
                continue
            if remote and name not in here:
                dvc("exp", "pull", remote, name)
            bits[name] = log_point(sweep, name, points[name], commit)
            print(visible(f"{bits[name]:.4f} bits per character  {name}  {' '.join(points[name])}"), flush=True)
        if failed:
            raise UserError(
                f"{len(failed)} of {len(points)} points failed, for the reasons above: {', '.join(failed)}."
            )
    sweep.mark_finished()
    best = min(bits, key=lambda name: bits[name])
    print(visible(f"Best: {' '.join(points[best])}. `dvc exp apply {best}` brings it here."))


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
    from dvc.api import read  # takes half a second to import
    from dvc.exceptions import DvcException

    revision = experiments(".", commit)[name]
    with tempfile.TemporaryDirectory() as folder:
        for path in RESULTS:
            try:
                Path(folder, Path(path).name).write_text(read(path, rev=revision, encoding="utf-8"), encoding="utf-8")
            except (DvcException, OSError) as error:
                raise UserError(
                    f"{name}: {path} is unavailable ({error}). `dvc exp remove {name}` lets it run again."
                ) from None
        metrics = read_metrics(Path(folder, "metrics.json"))
        fingerprint = ModelFolder(Path(folder)).description().fingerprint
    sweep.log_point(name, dict(each.split("=", 1) for each in overrides), metrics, fingerprint)
    return headline(metrics)["held_out_bits_per_char"]
