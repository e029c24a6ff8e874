"""The table of tokenizers: what a kind brings along, and what it leaves alone."""

import shutil
from pathlib import Path

import pytest

from stages.core.pipeline import code
from stages.core.text.table import TOKENIZERS, stream_module, tokenizer_class, tokenizer_modules
from tests.support.project import ROOT


def train_hash(tokens: str) -> str:
    return code.code_hash("stages.train", *tokenizer_modules("train", tokens))


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "stages", tmp_path / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "SOURCE_ROOT", tmp_path)
    monkeypatch.setattr(code, "module_path", lambda module: _path(module, tmp_path))
    return tmp_path / "stages" / "core" / "text"


def _path(module: str, root: Path) -> Path:
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_the_modules_of_a_kind_are_there(kind: str) -> None:
    assert tokenizer_class(kind).kind == kind
    assert callable(stream_module(kind).collect)
    assert callable(stream_module(kind).ids)


@pytest.mark.parametrize(
    ("edited", "changed"),
    [
        ("characters.py", {"characters", "words"}),  # words are spelled in characters
        ("words.py", {"words"}),
        ("bytes_.py", {"bytes"}),
        ("streams/words.py", set()),
        ("table.py", set()),
        ("windows.py", set(TOKENIZERS)),
    ],
)
def test_a_change_of_one_kind_makes_no_network_of_another_stale(edited: str, changed: set[str], sources: Path) -> None:
    before = {kind: train_hash(kind) for kind in TOKENIZERS}
    with (sources / edited).open("a", encoding="utf-8") as file:
        file.write("\nONE_MORE = 1\n")
    assert {kind for kind in TOKENIZERS if train_hash(kind) != before[kind]} == changed
