"""Whether this folder holds the published run, so that its tests apply."""

import json
import subprocess

import pytest
from ruamel.yaml import YAML

from tests.support.project import ROOT, environment

# Why the tests of the published run wait. Make it empty when the run has been published again.
WAITING = ""
FILES = ("stages", "dvc.yaml", "dvc.lock", "params.yaml", "reports")
RESULTS = ("models/epochs", "reports/samples.csv", "reports/prompt.csv")  # what the README shows follows from these
NOTED = ROOT / "reports" / "published.json"  # their hashes, as `make published` found them


def hashes() -> dict[str, str]:
    """Return the hashes of RESULTS in dvc.lock."""
    stages = YAML(typ="safe").load(ROOT / "dvc.lock")["stages"].values()
    return {out["path"]: out["md5"] for stage in stages for out in stage["outs"] if out["path"] in RESULTS}


def why_not() -> str:
    """Return why the tests of the published run do not apply here; empty where they do."""
    if WAITING:
        return WAITING
    command = ["git", "status", "--porcelain", "--untracked-files=no", "--", *FILES]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    if done.returncode or done.stdout:
        return "not the published run: git shows changes of yours"
    if hashes() != json.loads(NOTED.read_text(encoding="utf-8")):  # a user has committed a run of their own
        return "not the published run: dvc.lock names another"
    return ""


only_published = pytest.mark.skipif(bool(why_not()), reason=why_not())
