"""studies.yaml: which experiments there are, and which of them each study compares."""

import json
import re
from pathlib import Path
from typing import Any

from stages.cli.sweep_grid import Overrides, require_valid
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.rules import read_yaml, shown

STUDIES_FILE = Path("studies.yaml")
NAME = re.compile(r"[a-z][a-z0-9-]*")  # of an experiment: a name in git, and a part of a table


def experiments_of(study: str) -> dict[str, Overrides]:
    """Return the settings of each experiment of a study.

    Raises:
        UserError: there is no such study, the file has a mistake, or an experiment could not run.
    """
    content = read_yaml(STUDIES_FILE)
    if not isinstance(content, dict) or set(content) != {"studies", "experiments"}:
        raise _wrong("", "a mapping with the keys studies and experiments", content)
    studies, settings = content["studies"], content["experiments"]
    for key, value in (("studies", studies), ("experiments", settings)):
        if not isinstance(value, dict):
            raise _wrong(key, "a mapping", value)
    if study not in studies:
        raise UserError(f"{STUDIES_FILE}: no study {shown(study)}. There are: {', '.join(map(str, studies))}.")
    names = studies[study]
    if not isinstance(names, list) or not names or len(set(map(str, names))) < len(names):
        raise _wrong(f"studies.{study}", "a list of experiments, not empty, each once", names)
    for name in names:
        if not isinstance(name, str) or name not in settings:
            raise _wrong(f"studies.{study}", "names of experiments in this file", name)
        if not NAME.fullmatch(name):
            raise _wrong("experiments", "names of small letters, digits and -, a letter first", name)
        if not isinstance(settings[name], dict):
            raise _wrong(f"experiments.{name}", "a mapping of settings, such as train.epochs: 3", settings[name])
    points = {name: tuple(f"{key}={_as_value(value)}" for key, value in settings[name].items()) for name in names}
    require_valid(list(points.values()))
    return points


def _as_value(value: Any) -> str:
    """Return a value as `dvc exp run -S` reads it."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_]+", value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _wrong(key: str, requirement: str, value: Any) -> UserError:
    return UserError(f"{STUDIES_FILE}: {key or 'it'} must be {requirement}. Received: {shown(value)}. Correct it.")
