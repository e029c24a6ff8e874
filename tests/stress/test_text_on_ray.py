"""A big text of several files in a Ray cluster: the bytes of one process, and its messages."""

from pathlib import Path
from typing import Any

from tests.benchmarks.data import words
from tests.support.project import Project
from tests.support.text import made_up_text

OUTPUTS = ("data/corpus.txt", "data/corpus.json", "data/windows/ids.npy", "data/windows/tokenizer.json")
STAGES = (
    ("stages.lowercase", "data/raw", "data/corpus.txt", "data/corpus.json"),
    ("stages.vectorize", "data/corpus.txt", "data/corpus.json", "data/windows"),
)


def test_on_ray_a_text_has_the_bytes_of_one_process(cluster: Any, project: Project) -> None:
    names = [f"{i}.txt" for i in range(5)]
    project.set_params("download", files=[{"name": n, "sha256": None, "sources": [n]} for n in names])
    text = made_up_text(1_000_000, words())
    for i, name in enumerate(names):
        path = project.path / "data" / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text * 14 + "äß€"[i % 3], encoding="utf-8")
    for stage in STAGES:
        project.run("python", "-m", *stage, ZARATHUSTRA_NUM_THREADS="1")
    expected = [(project.path / output).read_bytes() for output in OUTPUTS]
    for stage in STAGES:
        project.run("python", "-m", *stage, RAY_ADDRESS=cluster.address)
    assert [(project.path / output).read_bytes() for output in OUTPUTS] == expected

    Path(project.path, "data/raw/3.txt").write_bytes(text.encode() * 14 + b"\xff")
    printed = project.run("python", "-m", *STAGES[0], RAY_ADDRESS=cluster.address, status=1)
    assert printed.count("Error: data/raw/3.txt") == 1
    assert "Traceback" not in printed

    printed = project.run("python", "-m", *STAGES[0], RAY_ADDRESS="127.0.0.1:1", status=1)
    assert (
        "Error: RAY_ADDRESS 127.0.0.1:1: nothing listens there. Start a cluster with `ray start --head`, or " in printed
    )
