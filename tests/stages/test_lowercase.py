"""Files of any encoding as one lower-cased text, the same for every size of block."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages import lowercase
from stages.core.pipeline.errors import UserError
from stages.lowercase import lower_cased, read_text
from tests.support.project import Project

# one to four bytes, cased and not, letters that lower-case by context or to two characters, line ends, marks
texts = st.text("aBΣσ'\u0301 İẞ\r\n\u2028\ufeff\U0001f600", max_size=20) | st.text(max_size=20)
block_sizes = st.integers(1, 8)
SURROGATE = "'utf-8' codec can't encode character '\\ud800' in position %d: surrogates not allowed"
tmp_path_is_shared = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "text.txt"


def plain(text: str) -> str:
    """The text without its mark, with every line end as LF."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read(path: Path, encoding: str, block_size: int) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lowercase, "CHUNK_BYTES", block_size)
        return "".join(read_text(path, encoding))


@given(text=texts, block_size=block_sizes, encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-32-be", "utf-7"]))
@example(text="\ufeff\ufeffa", block_size=1, encoding="utf-8")
@example(text="a\r", block_size=1, encoding="utf-8")
@example(text="\r\n\r\r\n", block_size=1, encoding="utf-8")
@tmp_path_is_shared
def test_any_block_size_gives_the_text(path: Path, text: str, block_size: int, encoding: str) -> None:
    path.write_bytes(text.encode(encoding))
    assert read(path, encoding, block_size) == plain(text)


@given(text=texts, cuts=st.lists(st.integers(0, 20)))
@example(text="ΟΔΟΣ", cuts=[3])
@example(text="ΟΔΟΣ ΟΔΟΣ", cuts=[4])
@example(text="ΑΣ'\u0301Α", cuts=[2, 3])
def test_pieces_lower_case_as_the_whole_does(text: str, cuts: list[int]) -> None:
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(bounds)]
    assert "".join(lower_cased(iter(pieces))) == text.lower()


def test_a_long_run_without_spaces_is_not_kept_in_memory() -> None:
    yielded = [len(piece) for piece in lower_cased(iter(["A" * (1 << 16)] * 40))]
    assert sum(yielded) == 40 << 16
    assert max(yielded) <= lowercase.LONGEST_WORD + (1 << 16)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252"])
def test_encodings(encoding: str, path: Path) -> None:
    path.write_bytes("Größe\r\nÄrger\r".encode(encoding))
    assert "".join(read_text(path, encoding)) == "Größe\nÄrger\n"


@given(
    text=texts, block_size=block_sizes, after=st.binary(max_size=4), bad=st.sampled_from([b"\xff", b"\xc0", b"\x80"])
)
@example(text="é", block_size=1, after=b"", bad=b"\xff")
@tmp_path_is_shared
def test_a_bad_byte_is_named_for_any_block_size(
    path: Path, text: str, block_size: int, after: bytes, bad: bytes
) -> None:
    content = text.encode()
    path.write_bytes(content + bad + after)
    with pytest.raises(UserError) as error:
        read(path, "utf-8", block_size)
    assert str(error.value) == (
        f"{path}: not utf-8 at byte {len(content)} (0x{bad.hex()}). "
        "Set lowercase.encoding in params.yaml to the encoding of the file."
    )


@given(text=texts, block_size=block_sizes, cut=st.sampled_from([b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98"]))
@tmp_path_is_shared
def test_a_character_cut_off_at_the_end_is_named(path: Path, text: str, block_size: int, cut: bytes) -> None:
    content = text.encode()
    path.write_bytes(content + cut)
    with pytest.raises(UserError, match=f"not utf-8 at byte {len(content)} \\(0x{cut[0]:02x}\\)"):
        read(path, "utf-8", block_size)


@pytest.mark.parametrize("place", [lowercase.CHUNK_BYTES - 1, lowercase.CHUNK_BYTES, 3 * lowercase.CHUNK_BYTES + 7])
def test_a_bad_byte_far_in_is_named(place: int, path: Path) -> None:
    path.write_bytes(b"a" * place + b"\xe9" + b"a" * 9)
    with pytest.raises(UserError, match=f"not utf-8 at byte {place} \\(0xe9\\)"):
        "".join(read_text(path, "utf-8"))


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (b"\xef\xbb\xbfab\xff", "utf-8-sig", "not utf-8-sig at byte 5 (0xff)"),
        (b"abc\xe9", "ascii", "not ascii at byte 3 (0xe9)"),
        (b"ab\x81", "cp1252", "not cp1252 at byte 2 (0x81)"),
        (b"a\0b\0c", "utf-16-le", "not utf-16-le at byte 4 (0x63)"),
        (b"a\0\0\xdca\0", "utf-16-le", "not utf-16-le at byte 2 (0x00)"),
        (b"a\0b\0", "utf-16", "not utf-16 (UTF-16 stream does not start with BOM)"),
        (b"ab\x82", "shift_jis", "not shift_jis at byte 2 (0x82)"),
        (b"a+2AA-", "utf-7", f"not utf-7 ({SURROGATE % 1})"),
        (b"\\ud800", "unicode_escape", f"not unicode_escape ({SURROGATE % 0})"),
    ],
)
def test_bytes_that_are_none_in_other_encodings(content: bytes, encoding: str, message: str, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        "".join(read_text(path, encoding))
    assert str(error.value) == (
        f"{path}: {message}. Set lowercase.encoding in params.yaml to the encoding of the file."
    )


def run_stage(project: Project, contents: dict[str, bytes], **settings: object) -> str:
    raw = project.path / "data" / "raw"
    raw.mkdir(parents=True)
    for name, content in contents.items():
        (raw / name).write_bytes(content)
    files = [{"name": name, "sha256": None, "sources": [name]} for name in contents]
    project.set_params("download", files=files)
    project.set_params("lowercase", **settings)
    project.run("python", "-m", "stages.lowercase", "data/raw", "data/corpus.txt")
    return (project.path / "data" / "corpus.txt").read_bytes().decode("utf-8")


def test_files_are_joined_in_the_order_of_the_list(project: Project) -> None:
    contents = {"b.txt": "\ufeffZweite ΟΔΟΣ".encode(), "a.txt": "\ufeffΑ\r\nErste\r".encode()}
    assert run_stage(project, contents) == "Zweite ΟΔΟΣΑ\nErste\n".lower()


def test_case_is_kept_where_lower_case_is_false(project: Project) -> None:
    contents = {"a.txt": "ÄRGER\r\nİ".encode("utf-16")}
    assert run_stage(project, contents, encoding="utf-16", lower_case=False) == "ÄRGER\nİ"
