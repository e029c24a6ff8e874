"""Note in reports/ which run is published, and how long each of its stages took on which machine.

Run it right after a run from scratch: a stage that ran again and found its scratch has noted only what it did then.
"""

import csv
import io
import json
import sys

from stages.core.pipeline.files import write_text
from stages.core.pipeline.timing import last_seconds
from tests.benchmarks.machine import processor
from tests.benchmarks.measuring import num_cores
from tests.documents.published import NOTED, hashes
from tests.support.project import ROOT
from tests.support.reruns import ORDER


def main() -> None:
    """Read what the stages noted."""
    seconds = {stage: last_seconds(stage) for stage in ORDER}
    if missing := [stage for stage, value in seconds.items() if value is None]:
        sys.exit(f"No time is noted for {', '.join(missing)}. Run `make clean`, then `dvc repro --force`.")
    machine = f"{num_cores()} cores of {processor()}"
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["stage", "seconds", "machine"])
    writer.writerows([stage, value, machine] for stage, value in seconds.items())
    write_text(ROOT / "reports" / "seconds.csv", table.getvalue())
    write_text(NOTED, json.dumps(hashes(), indent=2) + "\n")


if __name__ == "__main__":
    main()
