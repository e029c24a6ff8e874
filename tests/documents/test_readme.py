"""What the README says is true: its generated parts are up to date, its links and settings valid."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages.core.pipeline import params
from stages.core.pipeline.files import write_json
from tests.documents import results, tables
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


def test_the_first_screen_shows_two_networks_beside_the_simpler_models(tmp_path: Path) -> None:
    row = {"bits": 2.18, "bits_with_ngrams": 1.93, "weights": 103_000, "sample": "one|two " + "x" * 200}
    content: dict[str, Any] = {
        "prompt": "what is\ngood",
        "characters": 59_961,
        "baselines": {"5-gram": 2.069, "bzip2": 2.11},
        "experiments": [row | {"experiment": "book"}],
    }
    assert results.side_by_side(tmp_path) == ""
    write_json(tmp_path / "networks.json", content)
    assert results.side_by_side(tmp_path) == ""  # the best one has not run
    content["experiments"].append(row | {"experiment": "best", "bits": 1.75, "weights": 3_300_000})
    write_json(tmp_path / "networks.json", content)
    shown = results.side_by_side(tmp_path)
    assert (
        "\n| bits per held-out character | **2.180** | **1.750** |\n| the same, mixed with n-grams | 1.930 | 1.930 |\n"
        "| weights | 103,000 | 3,300,000 |\n"
    ) in shown
    assert "\n| after *what is<br>good* | one&#124;two xxx" in shown
    assert "\n\nOn the same 59,961 characters: 5-gram 2.069, bzip2 2.110. Every network: " in shown


def test_the_best_network_is_compared_in_the_unit_of_the_published_figure(tmp_path: Path) -> None:
    assert results.best(tmp_path) == ""
    row = {"experiment": "best", "bits": 1.8, "bits_with_ngrams": 1.75, "best_epoch": 41, "last_epoch": 50}
    write_json(tmp_path / "best.json", {"characters": 109_846, "experiments": [row]})
    assert results.best(tmp_path).startswith(
        "`best` takes **1.2477 nats** (1.800 bits) per character on the 109,846 characters that it holds out, and "
        "1.2130 mixed with n-grams. "
    )
    assert results.best(tmp_path).endswith("; but the epoch, 41 of 50, is the best on the held-out text itself.\n")
    write_json(tmp_path / "seeds.json", {"experiments": [row | {"bits": 1.81}, row | {"bits": 1.79}]})
    seeds = "alone, with other [random seeds](reports/seeds.md), 1.2546, 1.2407"
    assert f" mixed with n-grams; {seeds}. " in results.best(tmp_path)


def test_the_collapses_are_counted_with_the_code_here_and_as_in_keras_2(tmp_path: Path) -> None:
    assert results.collapse(tmp_path) == ""
    calm, early, late = ({"first_epoch_beyond": epoch} for epoch in (None, 9, 13))
    write_json(tmp_path / "collapse.json", {"experiments": [calm, calm]})
    shown = "\nThe book's training without its guard: 0 of 2 trainings collapse ([page](reports/collapse.md))"
    assert results.collapse(tmp_path) == f"{shown}.\n"
    write_json(tmp_path / "collapse-keras-2.json", {"experiments": [late, calm, early]})
    assert results.collapse(tmp_path) == (
        f"{shown}; with the gates and the RMSprop of Keras 2.0, 2 of 3 trainings collapse, at epoch 9, 13 "
        "([page](reports/collapse-keras-2.md)).\n"
    )
