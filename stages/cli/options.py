"""Options of a command line that must follow a rule."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.rules import Rule, is_number, shown

TEMPERATURE = Rule("a number >= 0 (0 is greedy, inf is uniform)", lambda v: is_number(v) and v >= 0)


def value_of(option: str, convert: Callable[[str], Any], rule: Rule) -> Callable[[str], Any]:
    """Return the `type=` of an option: one message says what the value must be, without the usage."""

    def parse(text: str) -> Any:
        try:
            value = convert(text)
            accepted = rule.accepts(value)
        except ValueError:
            accepted = False
        if not accepted:
            raise UserError(f"{option} must be {rule.requirement}. Received: {shown(text)}.")
        return value

    return parse


def require_replaceable(option: str, path: Path) -> None:
    """Refuse to write over a folder, a device or a pipe: a file that is renamed over /dev/null would take its place.

    Raises:
        UserError: there is one at `path`.
    """
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a device or a pipe"
        raise UserError(f"{option} must be a file, to be written or replaced. Received: {shown(str(path))}, {kind}.")


def require_project() -> None:
    """Refuse a folder that is not a project, before anything is made in it."""
    if not Path("dvc.yaml").is_file():
        raise UserError(f"dvc.yaml does not exist in {Path.cwd()}. Run this in the project's folder.")


def require_store() -> None:
    """Refuse to look for runs where there are none: in a folder that is not a project, without MLFLOW_TRACKING_URI."""
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        require_project()
