"""Tests that were not seen to pass on a quiet machine since the rooms moved: they run, and may fail. Empty this list.

The code that they test is new; each of these files passed in part, under a load that let long tests run into limits.
"""

UNSETTLED = (
    "tests/benchmarks/",
    "tests/browser/",
    "tests/cli/",
    "tests/core/pipeline/test_code.py",
    "tests/core/report/",
    "tests/core/tracking/test_database.py",
    "tests/core/tracking/test_run.py",
    "tests/core/training/",
    "tests/documents/",
    "tests/end_to_end/",
    "tests/stages/",
)
