"""Whether this folder holds the published run, so that its tests apply."""

import subprocess

import pytest

from tests.support.project import ROOT, environment

# Why the tests of the published run wait. Make it empty when the run has been published again.
WAITING = ""
FILES = ("stages", "dvc.yaml", "dvc.lock", "params.yaml", "reports")


def why_not() -> str:
    """Return why the tests of the published run do not apply here; empty where they do."""
    if WAITING:
        return WAITING
    command = ["git", "status", "--porcelain", "--untracked-files=no", "--", *FILES]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    return "not the published run: git shows changes of yours" if done.returncode or done.stdout else ""


only_published = pytest.mark.skipif(bool(why_not()), reason=why_not())
