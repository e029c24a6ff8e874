"""The published run belongs to the code and the parameters beside it."""

from typing import Any

from dvc.repo import Repo
from ruamel.yaml import YAML

from tests.support.project import ROOT

LOCK: dict[str, Any] = YAML(typ="safe").load(ROOT / "dvc.lock")


def test_dvc_finds_nothing_changed_since_the_published_run() -> None:
    """Data and weights are not in a clone; everything else must be there, with the hash in dvc.lock."""
    with Repo(str(ROOT)) as repo:
        status = repo.status()
    found = {
        (stage, path, change)
        for stage, entries in status.items()
        for entry in entries
        for kind, changes in (entry.items() if isinstance(entry, dict) else [(entry, {"": entry})])
        for path, change in (changes.items() if isinstance(changes, dict) else [(kind, changes)])
        if change not in ("deleted", "not in cache")
    }
    assert found == set(), "run `dvc repro` and commit dvc.lock and reports/"


def test_every_small_output_is_committed() -> None:
    outputs = {out["path"] for stage in LOCK["stages"].values() for out in stage["outs"]}
    reports = {path for path in outputs if path.startswith("reports/")}
    assert all((ROOT / path).exists() for path in reports)
    assert outputs - reports == {"data/raw", "data/corpus.txt", "data/windows", "models/epochs", "models/network.json"}


def test_it_is_of_the_defaults_and_all_epochs() -> None:
    params = YAML(typ="safe").load(ROOT / "params.yaml")
    assert LOCK["stages"]["train"]["params"]["params.yaml"]["train"] == params["train"]
    assert params["train"]["epochs"] == 60
