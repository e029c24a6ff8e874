"""Characters as ids and back, and a whole text turned into ids in blocks."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages import vectorize
from stages.core.text.characters import Vocabulary
from tests.support.failing_stage import command
from tests.support.project import Project, made_up_text

# surrogates too: whatever a string can hold
any_text = st.text(st.characters(), max_size=30)
tmp_path_is_shared = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(any_text)
@example("\U0010ffff\0\udc80")
def test_decode_inverts_encode(text: str) -> None:
    vocabulary = Vocabulary.of(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text


@given(any_text)
def test_ids_are_places_in_sorted_order(text: str) -> None:
    vocabulary = Vocabulary.of(text)
    assert vocabulary.characters == "".join(sorted(set(text)))
    assert vocabulary.encode(text).tolist() == [vocabulary.characters.index(c) for c in text]


@given(known=any_text, text=any_text)
@example(known="", text="a")
@example(known="b", text="ac")
def test_unknown_characters_are_named_and_not_encoded(known: str, text: str) -> None:
    vocabulary, unknown = Vocabulary.of(known), "".join(sorted(set(text) - set(known)))
    assert vocabulary.unknown_in(text) == unknown
    if unknown:
        with pytest.raises(ValueError) as error:
            vocabulary.encode(text)
        assert str(error.value) == f"characters outside the vocabulary: {unknown!r}"
    else:
        assert len(vocabulary.encode(text)) == len(text)


@pytest.mark.parametrize(("size", "dtype"), [(1, "u1"), (256, "u1"), (257, "u2"), (65536, "u2"), (65537, "u4")])
def test_ids_have_the_smallest_type(size: int, dtype: str) -> None:
    vocabulary = Vocabulary("".join(map(chr, range(size))))
    ids = vocabulary.encode(vocabulary.characters)
    assert ids.dtype == np.dtype(dtype)
    assert ids.tolist() == list(range(size))


@given(text=st.text("abä\n\r\u2028\U0001f600", min_size=1, max_size=30), block_size=st.integers(1, 8))
@tmp_path_is_shared
def test_blocks_of_any_size_give_the_ids_of_the_whole(tmp_path: Path, text: str, block_size: int) -> None:
    corpus, path = tmp_path / "corpus.txt", tmp_path / "ids.npy"
    corpus.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectorize, "CHUNK_CHARACTERS", block_size)
        vocabulary, num_characters = vectorize.collect_vocabulary(corpus)
        vectorize.write_ids(corpus, vocabulary, num_characters, path)
    assert (vocabulary, num_characters) == (Vocabulary.of(text), len(text))
    ids = np.load(path, allow_pickle=False)
    assert ids.dtype == vocabulary.dtype
    assert ids.tolist() == vocabulary.encode(text).tolist()


def test_memory_does_not_grow_with_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectorize, "CHUNK_CHARACTERS", 1 << 14)
    peaks = []
    for length in (1 << 16, 1 << 20):
        corpus = tmp_path / f"{length}.txt"
        corpus.write_text(made_up_text(length), encoding="utf-8", newline="\n")
        tracemalloc.start()
        vocabulary, num_characters = vectorize.collect_vocabulary(corpus)
        vectorize.write_ids(corpus, vocabulary, num_characters, tmp_path / "ids.npy")
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
