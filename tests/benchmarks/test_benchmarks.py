"""The benchmarks run and leave a table; the figures in it are nobody's business here."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stages.core.pipeline.files import read_json
from tests.benchmarks.__main__ import add_result
from tests.benchmarks.data import words
from tests.benchmarks.measuring import race, ratios, run_command, spread
from tests.support.project import ROOT
from tests.support.text import made_up_text

MACHINE = {
    "date": "2026-01-01",
    "processor": "P",
    "cores": 2,
    "lanes": 8,
    "system": "S",
    "busy_percent": None,
    "versions": {"python": "3.11"},
}


def result(title: str, seconds: float) -> dict[str, Any]:
    rows = [{"what": "nothing", "s": {"median": seconds, "lowest": 1.0, "highest": 3.0, "num": 3}, "a": 12345}]
    return {"title": title, "conditions": "None.", "effort": "default", "machine": MACHINE, "tables": [rows]}


def test_a_quick_look_at_one_subject_leaves_numbers_table_and_figure(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "text", "--quick", "--reports", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True)
    rows = read_json(tmp_path / "benchmarks.json")["text"]["tables"][0]
    assert [row["MB"] for row in rows] == [0.1, 1.0]
    assert all(row["ids.npy, MB"] == pytest.approx(row["MB"], rel=0.01) for row in rows)
    text = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert "## Text to windows" in text
    assert "| MB | lowercase, s wall | vectorize, s wall |" in text
    assert "![Text to windows](benchmarks/text.svg)" in text
    assert (tmp_path / "benchmarks" / "text.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_a_subject_measured_again_replaces_its_own_result_alone(tmp_path: Path) -> None:
    add_result(tmp_path, "starting", result("Starting", 1.0))
    add_result(tmp_path, "sampling", result("Sampling", 1.5))
    add_result(tmp_path, "starting", result("Starting", 2.0))
    assert list(read_json(tmp_path / "benchmarks.json")) == ["sampling", "starting"]
    lines = (tmp_path / "benchmarks.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("## ")] == ["## Sampling", "## Starting"]
    assert [line for line in lines if line.startswith("|")] == [
        *("| what | s | a |", "| --- | ---: | ---: |", "| nothing | 1.5 (1–3) | 12,345 |"),
        *("| what | s | a |", "| --- | ---: | ---: |", "| nothing | 2 (1–3) | 12,345 |"),
    ]


def test_an_unknown_subject_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "text", "nonsense"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    known = "training, roofline, sampling, text, starting, units, sequences, workers"
    assert done.stderr.splitlines()[-1].endswith(f"error: unknown subjects: nonsense. Known: {known}.")


def test_contenders_take_turns_and_one_that_fails_ends_the_race() -> None:
    maker = ("roofline:products", {"size": 8, "num_products": 2})
    seconds = race({"a": maker, "b": maker}, num_rounds=2)
    assert [len(values) for values in seconds.values()] == [2, 2]
    assert all(s > 0 for values in seconds.values() for s in values)
    with pytest.raises(RuntimeError, match="a contender ended with status 1"):
        race({"broken": ("roofline:products", {"size": -1, "num_products": 1})}, num_rounds=1)


def test_ratios_are_of_pairs() -> None:
    assert spread([3, 1, 2, 9]) == {"median": 2.5, "lowest": 1, "highest": 9, "num": 4}
    assert ratios([2, 30, 6], [1, 10, 2]) == {"median": 3, "lowest": 2, "highest": 3, "num": 3}


def test_a_command_is_told_its_own_peak_of_memory(tmp_path: Path) -> None:
    program = "import sys; x = bytearray(int(sys.argv[1]) * 10**6); print(len(x))"
    small, large = (run_command([sys.executable, "-c", program, megabytes], tmp_path) for megabytes in ("1", "101"))
    assert large.output == "101000000\n"
    assert large.peak_rss_mb - small.peak_rss_mb == pytest.approx(100, abs=10)
    assert small.peak_rss_mb < 30
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero"):
        run_command([sys.executable, "-c", "1 / 0"], tmp_path)


def test_made_up_text_has_as_many_characters_as_the_corpus() -> None:
    text = made_up_text(50_000, words())
    assert len(text) == 50_000
    assert len(set(text.lower())) == 57
    assert text != text.lower()
