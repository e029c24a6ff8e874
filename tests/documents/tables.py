"""The tables of README.md and stages/README.md, made from dvc.yaml, params.yaml and its rules: `make docs`."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.core.pipeline.params import SECTIONS
from tests.support.project import ROOT
from tests.support.reruns import CHANGES, ORDER, Change


def stages() -> str:
    """Return one row for each stage of dvc.yaml."""
    rows = [["stage", "what it does", "writes"]]
    for name, stage in _yaml("dvc.yaml")["stages"].items():
        outputs = [_path(out) for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
        rows.append([f"[{name}](stages/{name}.py)", stage["desc"], ", ".join(f"`{out}`" for out in outputs)])
    return _table(rows)


def parameters() -> str:
    """Return one row for each parameter: default, rule, and what reruns when it changes."""
    values = _yaml("params.yaml")
    changes = {change.parameter: change for change in CHANGES}
    rows = [["parameter", "default", "must be", "reruns"]]
    for section, class_ in SECTIONS.items():
        for field in dataclasses.fields(class_):
            parameter = f"{section}.{field.name}"
            default = "see the file" if parameter == "download.files" else f"`{_shown(values[section][field.name])}`"
            reruns = _reruns(changes[parameter]) if parameter in changes else ""
            rows.append([f"`{parameter}`", default, field.metadata["rule"].requirement, reruns])
    return _table(rows)


def _reruns(change: Change) -> str:
    first, *rest = change.stages
    if not rest:
        return first
    return f"{first} to {ORDER[-1]}" if len(rest) > 1 else f"{first}, {rest[0]}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _path(output: str | dict[str, Any]) -> str:
    return output if isinstance(output, str) else next(iter(output))


def _yaml(name: str) -> dict[str, Any]:
    values: dict[str, Any] = YAML(typ="safe").load(Path(ROOT, name))
    return values


def _table(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]) + "\n"
