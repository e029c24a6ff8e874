"""Files that are big together are read by several processes: the bytes are those of one."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages import lowercase, vectorize
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import LowercaseParams, VectorizeParams
from stages.core.text import parallel
from stages.core.text.parallel import groups, in_order
from stages.core.text.table import TOKENIZERS
from tests.support.files import contents

letters = st.text("aBΣσ'\u0301 İ\r\n\U0001f600", max_size=12)
some_files = st.lists(letters.map(str.encode), min_size=3, max_size=7).filter(
    lambda files: len(b"".join(files)) > 40 and len(set(b"".join(files))) > 2
)


def written(folder: Path, files: list[bytes], tokens: str, num_processes: int) -> dict[str, bytes]:
    """Everything that lowercase and vectorize write."""
    paths = [folder / "raw" / f"{i}.txt" for i in range(len(files))]
    paths[0].parent.mkdir(exist_ok=True)
    for path, content in zip(paths, files, strict=True):
        path.write_bytes(content)
    cased = LowercaseParams(encoding="utf-8", lower_case=True)
    join = lowercase.join_bytes if tokens == "bytes" else lowercase.join_texts
    settings = VectorizeParams(tokens=tokens, max_vocabulary=3, window_length=1, stride=1, validation_fraction=0.4)
    data = folder / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZARATHUSTRA_NUM_THREADS", str(num_processes))
        patch.setattr(parallel, "LEAST_BYTES", 0)
        outline = lowercase.write_corpus(paths, cased, join, data / "corpus.txt")
        outline.write(data / "corpus.json")
        tokenizer = vectorize.collect(data / "corpus.txt", outline, settings)
        plan = vectorize.write_ids(data / "corpus.txt", outline, settings, tokenizer, data / "ids.npy")
    return contents(data) | {"rest": repr((tokenizer, plan)).encode()}


@given(files=some_files, tokens=st.sampled_from(list(TOKENIZERS)))
@example(files=["ΟΔΟΣ".encode(), "αΣ ".encode(), b"b" * 20, "\u0301Σ".encode() * 5], tokens="characters")
@example(files=[b"\xff\xfe" * 10, "ä".encode() * 10, b"A" * 10], tokens="bytes")
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_two_processes_write_the_bytes_of_one(tmp_path: Path, files: list[bytes], tokens: str) -> None:
    try:
        one = written(tmp_path, files, tokens, 1)
    except UserError as refused:  # too short for words
        with pytest.raises(UserError) as also:
            written(tmp_path, files, tokens, 2)
        assert str(also.value) == str(refused)
    else:
        assert written(tmp_path, files, tokens, 2) == one


def test_a_file_that_is_no_text_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        written(tmp_path, [b"a b c " * 9, b"d \xff e", b"f g h " * 9], "characters", 2)
    assert str(refused.value) == (
        f"{tmp_path}/raw/1.txt: not utf-8 at byte 2 (0xff). "
        "Set lowercase.encoding in params.yaml to the encoding of the file."
    )
    assert contents(tmp_path / "data") == {}


@given(st.lists(st.integers(0, 100), min_size=1, max_size=50), st.integers(1, 5))
def test_groups_are_all_files_in_their_order(sizes: list[int], num_processes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "LEAST_BYTES", 0)
        found = groups(sizes, num_processes)
    assert [i for group in found for i in group] == list(range(len(sizes)))
    assert all(len(group) > 0 for group in found)
    assert len(found) <= num_processes * parallel.GROUPS_BY_PROCESS


def test_a_small_corpus_is_read_by_one_process() -> None:
    assert groups([1_000_000] * 50, 8) == [range(50)]


def test_a_cluster_that_is_named_gets_each_big_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    files = groups([40_000_000, 1_000, 30_000_000, 20_000_000], num_processes=1)
    assert files == [range(0, 2), range(2, 3), range(3, 4)]
    monkeypatch.setitem(sys.modules, "ray", None)  # not installed
    with pytest.raises(
        UserError, match=r"^RAY_ADDRESS needs Ray, which is not installed\. `make scale` installs it\.$"
    ):
        list(in_order(len, files, 1))
