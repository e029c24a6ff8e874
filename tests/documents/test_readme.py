"""What the README says is true: its generated parts are up to date, its links and settings valid."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.core.pipeline import params
from tests.documents import tables
from tests.documents.published import only_published
from tests.support.project import ROOT, default_params, environment
from tests.support.reruns import ORDER

DOCUMENTS = ("README.md", "stages/README.md")
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
EVERY_NETWORK = re.search(r"rows to `(dvc exp run .*?)`", TEXT)[1]  # type: ignore[index]
NETWORKS = re.findall(r"\| `(-S .*)` \|", TEXT)


@pytest.mark.parametrize("document", DOCUMENTS)
@only_published
def test_generated_parts_are_up_to_date(document: str) -> None:
    command = [sys.executable, "-m", "cogapp", "--check", "--diff", document]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\nRun `make docs`."


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    links = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_there_is_a_row_for_each_stage() -> None:
    assert [line.split("]")[0] for line in tables.stages().splitlines()[2:]] == [f"| [{stage}" for stage in ORDER]


@pytest.mark.parametrize("row", NETWORKS)
def test_settings_of_other_networks_are_valid(row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sections = YAML(typ="safe").load(default_params())
    settings = re.findall(r"-S (\w+)\.(\w+)=(\S+)", f"{EVERY_NETWORK} {row}")
    assert len(settings) > 2
    for section, key, value in settings:
        sections[section][key] = YAML(typ="safe").load(value)
    YAML(typ="safe").dump(sections, Path("params.yaml"))
    assert params.load_all()["train"].targets == "every"
