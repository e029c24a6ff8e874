"""The stage vectorize: a whole text turned into ids in chunks, and what it tells."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages import vectorize
from stages.core.text.characters import Characters
from tests.support.failing_stage import command
from tests.support.project import Project, made_up_text

tmp_path_is_shared = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(text=st.text("abä\n\r\u2028\U0001f600", min_size=1, max_size=30), block_size=st.integers(1, 8))
@tmp_path_is_shared
def test_blocks_of_any_size_give_the_ids_of_the_whole(tmp_path: Path, text: str, block_size: int) -> None:
    corpus, path = tmp_path / "corpus.txt", tmp_path / "ids.npy"
    corpus.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectorize, "CHUNK_CHARACTERS", block_size)
        tokenizer, num_characters = vectorize.collect_characters(corpus)
        vectorize.write_ids(corpus, tokenizer, num_characters, path)
    assert (tokenizer, num_characters) == (Characters.of(text), len(text))
    ids = np.load(path, allow_pickle=False)
    assert ids.dtype == tokenizer.dtype
    assert ids.tolist() == tokenizer.encode(text).tolist()


def test_memory_does_not_grow_with_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectorize, "CHUNK_CHARACTERS", 1 << 14)
    peaks = []
    for length in (1 << 16, 1 << 20):
        corpus = tmp_path / f"{length}.txt"
        corpus.write_text(made_up_text(length), encoding="utf-8", newline="\n")
        tracemalloc.start()
        tokenizer, num_characters = vectorize.collect_characters(corpus)
        vectorize.write_ids(corpus, tokenizer, num_characters, tmp_path / "ids.npy")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


def test_the_stage_tells_the_counts(project: Project) -> None:
    for stage in ("download", "lowercase"):
        project.run(*command(project, stage))
    assert project.run(*command(project, "vectorize")) == (
        f"3,000 characters, {len(set(made_up_text().lower()))} distinct\n"
        "997 windows in all; parted before windowing: 897 for training, 97 for validation\n"
    )
