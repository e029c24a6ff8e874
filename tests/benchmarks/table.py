"""The results as Markdown. A result has a title, conditions, and tables: lists of rows, each a mapping by column."""

from collections.abc import Mapping
from typing import Any

INTRODUCTION = """# How fast it is

Written by `make bench`. A cell is a number, or the median with the lowest and the highest in brackets. What is compared
was measured in turns (A B A B); a ratio is the median of the ratios within each turn, with the lowest and the highest.
"""
EFFORTS = {"quick": " A quick look (`--quick`), rough.", "default": "", "full": ""}


def markdown(results: Mapping[str, dict[str, Any]], figures: set[str]) -> str:
    """Return the whole text.

    Args:
        results: by subject, in the order in which they are to stand.
        figures: the subjects that have one.
    """
    parts = [INTRODUCTION]
    for name, result in results.items():
        parts += [f"## {result['title']}", result["conditions"] + EFFORTS[result["effort"]]]
        parts += [table(rows) for rows in result["tables"]]
        if name in figures:
            parts.append(f"![{result['title']}](benchmarks/{name}.svg)")
        parts.append(machine_line(result["machine"]))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows with the same keys as a table; numbers to the right."""
    columns = list(rows[0])
    marks = ["---" if isinstance(rows[0][column], str) else "---:" for column in columns]
    cells = [[cell(row[column]) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [columns, marks, *cells])


def cell(value: Any) -> str:
    """Return a cell.

    >>> cell("LSTM"), cell(1409), cell(0.012345), cell(None)
    ('LSTM', '1,409', '0.0123', '')
    >>> cell({"median": 2.0, "lowest": 1.5, "highest": 999.7, "num": 3})
    '2 (1.5–1,000)'
    """
    if value is None:
        return ""
    if isinstance(value, dict):
        return f"{cell(value['median'])} ({cell(value['lowest'])}–{cell(value['highest'])})"
    if isinstance(value, int | float):
        return f"{value:,.0f}" if isinstance(value, int) or value >= 999.5 else f"{value:.3g}"
    return str(value)


def machine_line(machine: dict[str, Any]) -> str:
    """Return what a result was measured on, in one sentence."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    busy = machine["busy_percent"]
    others = "" if busy is None else f" {busy} % busy with something else just before;"
    return (
        f"<sub>{machine['date']}, {machine['processor']}, {machine['cores']} cores, {machine['lanes']} float32 lanes, "
        f"{machine['system']};{others} {versions}</sub>"
    )
