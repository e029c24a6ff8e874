"""studies.yaml: which experiments there are, and which of them each study compares."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.cli.sweep_grid import Overrides, require_valid
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import SECTIONS
from stages.core.pipeline.rules import PARAMS_FILE, read_yaml, shown

STUDIES_FILE = Path("studies.yaml")
NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")  # a name in git, of a file, and a part of a table
NAMES = "names of small letters, digits and -, a letter first, 60 at most"
COMMITTED = ("benchmarks", "published")  # files in reports/ that the pipeline does not make
WORD = re.compile(r"(?!(?:true|false|null|inf|nan)$)[A-Za-z_]+", re.IGNORECASE)
# DVC reads ${ as a variable of the environment, and folds a line separator into a blank
UNSAFE = re.compile(r"\$\{|[\0\x85\u2028\u2029]")
BEFORE_QUOTE = re.compile(r'(\\*)("|\Z)')


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
        for name in value:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise _wrong(key, NAMES, name)
    if study not in studies:
        raise UserError(f"{STUDIES_FILE}: no study {shown(study)}. There are: {', '.join(studies)}.")
    pipeline = Path("dvc.yaml").read_text(encoding="utf-8", errors="replace")
    if study in COMMITTED or f"reports/{study}." in pipeline:
        raise _wrong("studies", "names that no other file in reports/ has", study)
    names = studies[study]
    if not isinstance(names, list) or not names:
        raise _wrong(f"studies.{study}", "a list of experiments, not empty", names)
    for i, name in enumerate(names):
        if not isinstance(name, str) or name not in settings:
            raise _wrong(f"studies.{study}", "names of experiments in this file", name)
        if name in names[:i]:
            raise _wrong(f"studies.{study}", "a list of experiments, each once", name)
    points = {name: _overrides(name, settings[name]) for name in names}
    require_valid(list(points.values()))  # settings may contradict each other
    return points


def _overrides(name: str, settings: Any) -> Overrides:
    key = f"experiments.{name}"
    if not isinstance(settings, dict):
        raise _wrong(key, "a mapping of settings, such as train.epochs: 3", settings)
    overrides = []
    for setting, value in settings.items():
        section, _, field = setting.partition(".") if isinstance(setting, str) else ("", "", "")
        fields = {each.name: each for each in dataclasses.fields(SECTIONS[section])} if section in SECTIONS else {}
        if field not in fields:
            raise _wrong(key, f"settings of {PARAMS_FILE}, such as train.epochs: 3", setting)
        rule = fields[field].metadata["rule"]
        if not rule.accepts(value):
            raise _wrong(f"{key}.{setting}", rule.requirement, value)
        text = _as_value(value)
        if UNSAFE.search(text):
            raise _wrong(f"{key}.{setting}", "without ${, NUL and Unicode's line separators", value)
        overrides.append(f"{setting}={text}")
    return tuple(overrides)


def _as_value(value: Any) -> str:
    r"""Return a value as `dvc exp run -S` reads it.

    >>> print(_as_value(["adamw", "a \"b\"\\", 0.5, float("inf"), None, {"name": "x"}]))
    [adamw,"a \"b\"\\",0.5,inf,null,{name:x}]
    """
    if isinstance(value, str):
        if WORD.fullmatch(value):
            return value
        return '"' + BEFORE_QUOTE.sub(lambda found: found[1] * 2 + ('\\"' if found[2] else ""), value) + '"'
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_as_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_as_value, value)) + "]"
    return "null" if value is None else str(value).lower()


def _wrong(key: str, requirement: str, value: Any) -> UserError:
    return UserError(f"{STUDIES_FILE}: {key or 'it'} must be {requirement}. Received: {shown(value)}. Correct it.")
