"""The tables of the README, made from dvc.yaml, params.yaml and the rules of the parameters: `make docs`."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.core.pipeline.params import SECTIONS
from tests.documents.readme_results import results, speed
from tests.support.project import ROOT
from tests.support.reruns import CHANGES, ORDER, Change

README = ROOT / "README.md"


def filled(readme: str) -> str:
    """Return the text of the README with every table between its two markers made anew."""
    parts = {"results": results(), "stages": stage_table(), "parameters": parameter_table(), "speed": speed()}
    for name, table in parts.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, rest = readme.split(start)
        after = rest.split(end)[1]
        readme = f"{before}{start}{table}{end}{after}"
    return readme


def stage_table() -> str:
    """Return one row for each stage of dvc.yaml."""
    rows = [["stage", "what it does", "writes"]]
    for name, stage in _yaml("dvc.yaml")["stages"].items():
        outputs = [_path(out) for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
        rows.append([f"[{name}](stages/{name}.py)", stage["desc"], ", ".join(f"`{out}`" for out in outputs)])
    return _table(rows)


def parameter_table() -> str:
    """Return one row for each parameter: default, rule, and what reruns when it changes."""
    values = _yaml("params.yaml")
    changes = {change.parameter: change for change in CHANGES}
    rows = [["parameter", "default", "must be", "reruns"]]
    for section, class_ in SECTIONS.items():
        for field in dataclasses.fields(class_):
            parameter = f"{section}.{field.name}"
            default = "see below" if parameter == "download.files" else f"`{_shown(values[section][field.name])}`"
            rows.append(
                [f"`{parameter}`", default, field.metadata["rule"].requirement, _which(changes[parameter])],
            )
    return _table(rows)


def _which(change: Change) -> str:
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


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
