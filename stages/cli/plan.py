"""`zarathustra plan`: which stages would run now, why, and for how long."""

import argparse
from collections.abc import Iterator

from stages.cli.estimate import duration, estimate
from stages.cli.options import require_project
from stages.cli.planning import CHECK, Planned, plan
from stages.core.pipeline.visible import visible

NOTHING_ELSE = (
    "No other stage is affected: only comments, messages, log lines, or code that decides no output changed in stages/."
)


def set_up(parser: argparse.ArgumentParser) -> None:
    """There are no options."""
    parser.epilog = "A stage whose inputs turn out unchanged is skipped, and a result that DVC has kept is restored."
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print one line for each stage that would or may run."""
    require_project()
    for line in lines(plan()):
        print(visible(line))


def lines(stages: list[Planned]) -> Iterator[str]:
    """Return the plan in words."""
    wanted = [stage for stage in stages if stage.wanted]
    if not wanted:
        yield "Nothing to do: all stages are up to date."
        return
    by_name = {stage.name: stage for stage in stages}
    width = max(len(stage.name) for stage in wanted)
    total, unknown = 0.0, []
    for stage in wanted:
        estimated = estimate(stage, by_name)
        total += estimated.seconds or 0
        unknown += [stage.name] if estimated.seconds is None else []
        yield f"{stage.name:{width}}  {'runs' if stage.causes else 'may run'} ({estimated.words})"
        for cause in stage.causes:
            yield f"{'':{width}}    {cause}"
        if not stage.causes:
            yield f"{'':{width}}    if {' or '.join(stage.after)} changes what it reads"
    if [stage.name for stage in wanted] == [CHECK] and any(cause.startswith("stages") for cause in wanted[0].causes):
        yield NOTHING_ELSE
    count = f"{len(wanted)} of {len(stages)} stages"
    if len(unknown) == len(wanted):
        yield f"{count}; no time known."
    elif unknown:
        yield f"{count}; about {duration(total)}, and an unknown time for {', '.join(unknown)}, if all of them run."
    else:
        yield f"{count}; about {duration(total)} if all of them run."
