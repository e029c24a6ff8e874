"""Measure how fast everything is, on this machine: `make bench`, or

    python -m tests.benchmarks [subject ...] [--quick | --full]

Results go to reports/benchmarks.json, those of other subjects stay there; table and figures are made from it.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from stages.core.pipeline.files import read_json, write_text
from stages.core.report.figures import save_figure
from tests.benchmarks import roofline, sampling, sequences, starting, text, training, units, workers
from tests.benchmarks.machine import machine
from tests.benchmarks.measuring import Effort, say
from tests.benchmarks.table import markdown
from tests.support.project import ROOT

SUBJECTS: dict[str, Any] = {
    "training": training,
    "roofline": roofline,
    "sampling": sampling,
    "text": text,
    "starting": starting,
    "units": units,
    "sequences": sequences,
    "workers": workers,
}


def main() -> None:
    """Measure the subjects one after the other; after each, bring the files up to date."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", metavar="subject", help=f"any of {', '.join(SUBJECTS)}; all if none")
    parser.add_argument("--reports", type=Path, default=ROOT / "reports", help="folder to write to")
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", dest="effort", action="store_const", const="quick", help="two minutes, rough")
    effort.add_argument("--full", dest="effort", action="store_const", const="full", help="with a gigabyte of text")
    parser.set_defaults(effort="default")
    arguments = parser.parse_args()
    if unknown := set(arguments.subjects) - SUBJECTS.keys():
        parser.error(f"unknown subjects: {', '.join(sorted(unknown))}. Known: {', '.join(SUBJECTS)}.")
    for name in arguments.subjects or SUBJECTS:
        started = time.perf_counter()
        say(f"{name} ({arguments.effort})")
        result = {"effort": arguments.effort, "machine": machine()} | SUBJECTS[name].measure(Effort(arguments.effort))
        add_result(arguments.reports, name, result)
        say(f"{name} done in {time.perf_counter() - started:.0f} s")


def add_result(reports: Path, name: str, result: dict[str, Any]) -> None:
    """Put a result beside those of the other subjects; write the table again, and the figure of this subject."""
    path = reports / "benchmarks.json"
    known = read_json(path) if path.exists() else {}
    results = {subject: (known | {name: result}).get(subject) for subject in SUBJECTS}
    # unsorted: the order of columns is that of their keys
    write_text(path, json.dumps({n: r for n, r in results.items() if r}, indent=2, ensure_ascii=False) + "\n")
    if hasattr(SUBJECTS[name], "figure"):
        save_figure(SUBJECTS[name].figure(result), reports / "benchmarks" / f"{name}.svg")
    figures = {n for n in SUBJECTS if (reports / "benchmarks" / f"{n}.svg").exists()}
    write_text(reports / "benchmarks.md", markdown({n: r for n, r in results.items() if r}, figures))


if __name__ == "__main__":
    main()
