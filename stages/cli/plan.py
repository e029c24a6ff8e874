"""`zarathustra plan`: which stages would run now, and why."""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.rules import PARAMS_FILE, read_yaml
from stages.core.pipeline.timing import last_seconds
from stages.core.tracking import git
from stages.core.tracking.provenance import flattened


@dataclass(frozen=True)
class Planned:
    """One stage of dvc.yaml, and what `dvc repro` would do with it."""

    name: str
    causes: tuple[str, ...]  # why it runs for certain
    after: tuple[str, ...]  # stages that run before it, whose outputs it reads: it runs if those change
    seconds: float | None  # that it took last time


def set_up(parser: argparse.ArgumentParser) -> None:
    """There are no options."""
    parser.epilog = "A stage whose inputs turn out unchanged is skipped, and a result that DVC has kept is taken back."
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print one line for each stage that would or may run."""
    for line in lines(plan()):
        print(line)


def lines(stages: list[Planned]) -> Iterator[str]:
    """Return the plan in words."""
    wanted = [stage for stage in stages if stage.causes or stage.after]
    if not wanted:
        yield "Nothing to do: all stages are up to date."
        return
    width = max(len(stage.name) for stage in wanted)
    for stage in wanted:
        last = "no time known" if stage.seconds is None else f"{stage.seconds:.0f} s last time"
        yield f"{stage.name:{width}}  {'runs' if stage.causes else 'may run'} ({last})"
        for cause in stage.causes:
            yield f"{'':{width}}    {cause}"
        if not stage.causes:
            yield f"{'':{width}}    if {' or '.join(stage.after)} changes what it reads"
    known = sum(stage.seconds or 0 for stage in wanted)
    yield f"{len(wanted)} of {len(stages)} stages; about {known:.0f} s if all of them run as last time."


def plan() -> list[Planned]:
    """Return all stages in the order in which DVC runs them.

    Raises:
        UserError: this is not the folder of a project.
    """
    if not Path("dvc.yaml").exists():
        raise UserError(f"dvc.yaml does not exist in {Path.cwd()}. Run this in the project's folder.")
    from dvc.exceptions import DvcException  # takes half a second to import
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            return _planned(repo)
    except DvcException as error:  # it is at work, or what it reads is wrong
        first_paragraph = str(error).strip().split("\n\n")[0]
        raise UserError(f"DVC: {' '.join(first_paragraph.split())}") from None


def _planned(repo: Any) -> list[Planned]:
    status = repo.status()
    graph = repo.index.graph
    locked = (read_yaml(Path("dvc.lock")) or {}).get("stages", {}) if Path("dvc.lock").exists() else {}
    stages: dict[str, Planned] = {}
    names = {stage: stage.name for stage in graph}
    for name in read_yaml(Path("dvc.yaml"))["stages"]:
        (stage,) = (s for s, n in names.items() if n == name)
        before = [names[s] for s in graph.successors(stage)]
        running = tuple(n for n in stages if n in before and (stages[n].causes or stages[n].after))
        causes = tuple(causes_of(status.get(name, []), locked.get(name, {}), set(running)))
        stages[name] = Planned(name, causes, running, last_seconds(name))
    return list(stages.values())


def causes_of(status: list[Any], locked: Mapping[str, Any], running: set[str]) -> Iterator[str]:
    """Return in words what `dvc status` says of a stage."""
    for entry in status:
        if isinstance(entry, str):
            yield entry
            continue
        for path, change in entry.get("changed deps", {}).items():
            if path == str(PARAMS_FILE):
                yield from _changed_parameters(change, locked)
            elif not (running and change == "deleted"):
                # of a folder, DVC knows only that something in it changed
                files = git.changed_files(path) if Path(path).is_dir() else []
                yield from (f"{name}: {change}" for name in files or [path])
        yield from (f"{path}: output {change}" for path, change in entry.get("changed outs", {}).items())


def _changed_parameters(changed: Mapping[str, str], locked: Mapping[str, Any]) -> Iterator[str]:
    """Return a line for each parameter that differs, with both of its values."""
    recorded = locked.get("params", {}).get(str(PARAMS_FILE), {})
    now = read_yaml(PARAMS_FILE)
    for name in changed:
        section, _, rest = name.partition(".")
        value = now.get(section, {}).get(rest) if rest else now.get(section)
        old, new = (flattened({name: v}) for v in (recorded.get(name), value))
        for key in {**old, **new}:
            if name not in recorded:
                yield f"{key}: new, {new.get(key)}"
            elif old.get(key) != new.get(key):
                yield f"{key}: {old.get(key)} -> {new.get(key)}"
