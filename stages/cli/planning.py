"""What `dvc repro` would do with each stage, and why: asked of DVC, and of the code itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.cli.code_changes import CODE, MOST_NAMED, changed_code
from stages.core.pipeline import params
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.rules import PARAMS_FILE, read_yaml
from stages.core.tracking import git, lockfile
from stages.core.tracking.provenance import flattened

CHECK = "check"  # the stage that always comes first; it changes nothing but the hashes under data/code
NO_GIT = "This folder is no git repository: run `dvc config --local core.no_scm true` once."


@dataclass(frozen=True)
class Planned:
    """One stage of dvc.yaml, and what `dvc repro` would do with it."""

    name: str
    causes: tuple[str, ...]  # why it runs for certain
    after: tuple[str, ...]  # stages before it that run or may run: it runs if their outputs change

    @property
    def wanted(self) -> bool:
        """Whether it runs or may run."""
        return bool(self.causes or self.after)


def plan() -> list[Planned]:
    """Return all stages in the order in which DVC runs them.

    Raises:
        UserError: this is not the folder of a project; a setting is wrong; DVC cannot tell.
    """
    content = read_yaml(Path("dvc.yaml"))  # names the line that is not YAML, as DVC does not
    stages = content.get("stages") if isinstance(content, dict) else None
    if not isinstance(stages, dict):
        raise UserError("dvc.yaml: damaged (no stages). Run `git checkout dvc.yaml`.")
    params.load_all()
    locked = {name: lockfile.locked(name) for name in stages}
    from dvc.exceptions import DvcException  # takes half a second to import
    from dvc.repo import Repo
    from dvc.scm import SCMError

    try:
        with Repo() as repo:
            return _planned(repo, list(stages), locked)
    except (DvcException, SCMError) as error:  # it is at work, or cannot read something
        reason = " ".join(str(error).strip().split("\n\n")[0].split())
        raise UserError(f"DVC: {reason}" + (f" {NO_GIT}" if isinstance(error, SCMError) else "")) from None


def _planned(repo: Any, order: list[str], locked: Mapping[str, Any]) -> list[Planned]:
    status = repo.status()
    graph = repo.index.graph
    nodes = {node.name: node for node in graph}
    stages: dict[str, Planned] = {}
    for name in order:
        before = {node.name for node in graph.successors(nodes[name])} - {CHECK}
        running = tuple(n for n in stages if n in before and stages[n].wanted)
        causes = [*changed_code(name, locked.get(name, {})), *causes_of(name, status, locked.get(name, {}), running)]
        stages[name] = Planned(name, tuple(causes), running)
    return list(stages.values())


def causes_of(
    stage: str, status: Mapping[str, list[Any]], locked: Mapping[str, Any], running: tuple[str, ...]
) -> Iterator[str]:
    """Return in words what `dvc status` says of a stage; data/code is left to `changed_code`."""
    for entry in status.get(stage, []):
        if isinstance(entry, str):
            yield entry
            continue
        for path, change in entry.get("changed deps", {}).items():
            if path == str(PARAMS_FILE):
                yield from [f"{PARAMS_FILE}: modified"] if stage == CHECK else _changed_parameters(change, locked)
            elif path == "stages":
                yield from _changed_files(path) or [f"{path}: {change}"]
            elif not path.startswith(f"{CODE}/") and not (running and change == "deleted"):
                yield f"{path}: {change}"
        yield from (f"{path}: output {change}" for path, change in entry.get("changed outs", {}).items())


def _changed_files(path: str) -> list[str]:
    """Return a line for each file that differs from the commit, but not for hundreds."""
    lines = [f"{name}: {kind}" for name, kind in sorted(git.changed_files(path).items())]
    return lines if len(lines) <= MOST_NAMED else [*lines[:MOST_NAMED], f"{path}: {len(lines) - MOST_NAMED} more"]


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
            elif key not in new:
                yield f"{key}: {old[key]}, removed"
            elif key not in old:
                yield f"{key}: new, {new[key]}"
            elif old[key] != new[key]:
                yield f"{key}: {old[key]} -> {new[key]}"
