"""`zarathustra sweep`: an experiment for every combination of some settings, on this machine or on a Ray cluster."""

import argparse
import re

from stages.cli import sweep_runner
from stages.cli.options import require_project, value_of
from stages.cli.sweep_grid import grid, point_name
from stages.core.pipeline.rules import Rule
from stages.core.pipeline.visible import visible

NAME = Rule(
    "letters, digits, _ and -, a letter first, 60 at most",
    lambda v: re.fullmatch("[A-Za-z][A-Za-z0-9_-]{0,59}", v) is not None,
)


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
    sweep_runner.set_up(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the points that are missing; log and print all of them; name the best."""
    require_project()
    points = {point_name(arguments.name, overrides): overrides for overrides in grid(arguments.set_param)}
    swept = dict(each.split("=", 1) for each in arguments.set_param)
    bits = sweep_runner.run_points(arguments, arguments.name, points, swept)
    best = min(bits, key=lambda name: bits[name])
    print(visible(f"Best: {' '.join(points[best])}. `dvc exp apply {best}` brings it here."))
