"""From downloaded file to windows: stages lowercase and vectorize, by size of the text."""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from ruamel.yaml import YAML

from stages.core.pipeline.files import sha256_of_file
from tests.benchmarks.data import WINDOWS, words
from tests.benchmarks.drawing import axes
from tests.benchmarks.measuring import Effort, Usage, run_command, say, spread
from tests.support.project import ROOT
from tests.support.text import made_up_text

NAME = "made-up.txt"
FILES = [f"made-up-{i}.txt" for i in range(8)]
BLOCK = 1_000_000
LETTERS = ("Latin", "Cyrillic")
CYRILLIC = {ord(a) + shift: 0x430 + i + shift for i, a in enumerate("abcdefghijklmnopqrstuvwxyz") for shift in (0, -32)}
COMMANDS = {
    "lowercase": ("data/raw", "data/corpus.txt", "data/corpus.json"),
    "vectorize": ("data/corpus.txt", "data/corpus.json", "data/windows"),
}


def measure(effort: Effort) -> dict[str, Any]:
    """Return time, memory and disk space by megabytes of text."""
    sizes = effort.choose((0.1, 1.0), (0.1, 1.0, 10.0, 100.0), (0.1, 1.0, 10.0, 100.0, 1000.0))
    big = effort.choose((), (100.0,), (1000.0, 10_000.0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "stages", folder / "stages")
        write_params(folder, [NAME])
        rows = [measure_size(folder, megabytes, effort.choose(2, 3)) for megabytes in sizes]
        shutil.rmtree(folder / "data")
        write_params(folder, FILES)
        by_files = [measure_files(folder, megabytes, letters) for megabytes in big for letters in LETTERS]
    return {
        "title": "Text to windows",
        "conditions": (
            "Stages lowercase and vectorize, each a process of its own, its start included, on made-up text with "
            "57 distinct characters, four in a million of them beyond ASCII. MB/s are those of both stages together, "
            "by wall time; MB are 10⁶ bytes; what is read was just written, so it comes out of memory rather than off "
            f"the disk. The second table: the same in {len(FILES)} files, by one process and by two, of which the "
            "memory of the larger counts; and with Cyrillic letters. Both write the same bytes."
        ),
        "tables": [rows, *([by_files] if by_files else [])],
    }


def measure_size(folder: Path, megabytes: float, num_rounds: int) -> dict[str, Any]:
    """Run both stages on a text of a size."""
    raw = folder / "data" / "raw" / NAME
    write_made_up(raw, megabytes)
    used: dict[str, list[Usage]] = {stage: [] for stage in COMMANDS}
    for _ in range(num_rounds):
        for stage, arguments in COMMANDS.items():
            used[stage].append(run_command([sys.executable, "-m", f"stages.{stage}", *arguments], folder))
    size, corpus, ids = (
        (folder / path).stat().st_size / 1e6 for path in (raw, "data/corpus.txt", "data/windows/ids.npy")
    )
    walls = [sum(usage.wall_s for usage in both) for both in zip(*used.values(), strict=True)]
    say(f"  {megabytes:g} MB: {min(walls):.2f} s")
    return {
        "MB": megabytes,
        **{f"{stage}, s wall": spread([u.wall_s for u in used[stage]]) for stage in COMMANDS},
        **{f"{stage}, s CPU": spread([u.cpu_s for u in used[stage]]) for stage in COMMANDS},
        "MB/s": spread([size / wall for wall in walls]),
        **{f"{stage}, MB at peak": max(u.peak_rss_mb for u in used[stage]) for stage in COMMANDS},
        "corpus.txt, MB": corpus,
        "ids.npy, MB": ids,
    }


def measure_files(folder: Path, megabytes: float, letters: str) -> dict[str, Any]:
    """Run both stages on several files with one process and with two."""
    for name in FILES:
        write_made_up(folder / "data" / "raw" / name, megabytes / len(FILES), letters)
    row: dict[str, Any] = {"MB": megabytes, "letters": letters}
    hashes = set()
    for num_processes in (1, 2):
        used = [
            run_command([sys.executable, "-m", f"stages.{stage}", *arguments], folder, num_processes)
            for stage, arguments in COMMANDS.items()
        ]
        hashes.add(tuple(sha256_of_file(folder / path) for path in ("data/corpus.txt", "data/windows/ids.npy")))
        who = f"{num_processes} process" + "es" * (num_processes > 1)
        row |= {f"{stage}, s, {who}": usage.wall_s for stage, usage in zip(COMMANDS, used, strict=True)}
        row[f"MB/s, {who}"] = megabytes / sum(usage.wall_s for usage in used)
        row[f"MB at peak, {who}"] = max(usage.peak_rss_mb for usage in used)
        say(f"  {megabytes:g} MB, {letters}, {who}: {megabytes / row[f'MB/s, {who}']:.2f} s")
    assert len(hashes) == 1, "the bytes differ"
    return row


def write_params(folder: Path, names: Sequence[str]) -> None:
    """Write the settings of the project, but for made-up files."""
    yaml = YAML(typ="safe")
    values = yaml.load(ROOT / "params.yaml")
    values["download"]["files"] = [{"name": name, "sha256": None, "sources": [name]} for name in names]
    values["lowercase"] = {"encoding": "utf-8", "lower_case": True}
    values["vectorize"] = vars(WINDOWS)
    yaml.dump(values, folder / "params.yaml")


def write_made_up(path: Path, megabytes: float, letters: str = "Latin") -> None:
    """Write a text of a size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    num_bytes = round(megabytes * 1e6)
    text = made_up_text(min(BLOCK, num_bytes), words())
    block = (text if letters == "Latin" else text.translate(CYRILLIC)).encode()
    with path.open("wb") as file:
        for _ in range(max(1, num_bytes // len(block))):
            file.write(block)


def figure(result: dict[str, Any]) -> Figure:
    """Draw seconds of each stage against megabytes."""
    made, ax = axes("MB of text", "s", "log")
    rows = result["tables"][0]
    for stage in COMMANDS:
        ax.plot([row["MB"] for row in rows], [row[f"{stage}, s wall"]["median"] for row in rows], "o-", label=stage)
    ax.legend()
    return made
