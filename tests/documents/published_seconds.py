"""Write reports/seconds.csv: how long each stage of the run in this folder took, and on what machine.

To be run right after a run from nothing: a stage that runs once more, and finds its scratch, notes what little it took.
"""

import csv
import io

from stages.core.pipeline.files import write_text
from stages.core.pipeline.timing import last_seconds
from tests.benchmarks.machine import processor
from tests.benchmarks.measuring import num_cores
from tests.support.project import ROOT
from tests.support.reruns import ORDER


def main() -> None:
    """Take what the stages noted."""
    machine = f"{num_cores()} cores of {processor()}"
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["stage", "seconds", "machine"])
    for stage in ORDER:
        writer.writerow([stage, last_seconds(stage), machine])
    write_text(ROOT / "reports" / "seconds.csv", table.getvalue())


if __name__ == "__main__":
    main()
