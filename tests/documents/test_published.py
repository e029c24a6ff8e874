"""The published run belongs to the code and the parameters beside it."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from stages.core.pipeline.params import SECTIONS
from tests.documents import published
from tests.documents.published import only_published
from tests.support.project import ROOT, environment

LOCK: dict[str, Any] = YAML(typ="safe").load(ROOT / "dvc.lock")["stages"]


def test_a_run_that_a_user_commits_is_not_the_published_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "FILES", ("LICENSE",))  # not changed, whatever else is
    monkeypatch.setattr(published, "WAITING", "")
    noted = tmp_path / "published.json"
    monkeypatch.setattr(published, "NOTED", noted)
    noted.write_text(json.dumps(published.hashes()), encoding="utf-8")
    assert published.why_not() == ""
    noted.write_text(json.dumps(published.hashes() | {"reports/prompt.csv": "0" * 32}), encoding="utf-8")
    assert published.why_not() == "not the published run: dvc.lock names another"


@only_published
def test_no_parameter_and_no_small_output_has_changed_since() -> None:
    """Data and weights are not in a clone; everything else must be there, with the hash in dvc.lock."""
    with Repo(str(ROOT)) as repo:
        status = repo.status()
    status.pop("check", None)  # depends on all code; what counts of it is the next test
    found = {
        (stage, path, change)
        for stage, entries in status.items()
        for entry in entries
        for kind, changes in (entry.items() if isinstance(entry, dict) else [(entry, {"": entry})])
        for path, change in (changes.items() if isinstance(changes, dict) else [(kind, changes)])
        if change not in ("deleted", "not in cache")
    }
    assert found == set()


@only_published
def test_the_code_that_decides_the_bytes_has_not_changed_since(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stages.check", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True)
    for stage in SECTIONS:
        (locked,) = (dep["md5"] for dep in LOCK[stage]["deps"] if dep["path"] == f"data/code/{stage}")
        with (tmp_path / stage).open("rb") as file:
            assert hashlib.file_digest(file, "md5").hexdigest() == locked, stage


@only_published
def test_every_output_that_is_not_in_the_cache_is_committed() -> None:
    outputs = {out["path"] for stage in LOCK.values() for out in stage["outs"]}
    in_cache = {"data/code", "data/raw", "data/corpus.txt", "data/corpus.json", "data/windows"}
    in_cache |= {"models/epochs", "models/network.json"}
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, env=environment(), check=True, capture_output=True, text=True)
    committed = set(files.stdout.splitlines())
    assert {out for out in outputs if not any(f == out or f.startswith(f"{out}/") for f in committed)} == in_cache
