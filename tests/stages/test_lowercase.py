"""Files of any encoding as one lower-cased text, the same for every size of block."""

import bz2
import gzip
import io
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages import lowercase
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import LowercaseParams
from stages.core.text.bytes_ import text_to_bytes
from stages.core.text.corpus import CorpusOutline
from stages.core.text.windows import read_windows
from stages.lowercase import lower_cased, read_text
from tests.support.failing_stage import command
from tests.support.project import Project

# one to four bytes, cased and not, letters that lower-case by context or to two characters, line ends, marks
texts = st.text("aBΣσ'\u0301 İẞ\r\n\u2028\ufeff\U0001f600", max_size=20) | st.text(max_size=20)
block_sizes = st.integers(1, 8)
INTEGERS, SAME_FILES = "must be a list of integers >= 0", "must be of the same files"
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
    project.run(*command(project, "lowercase"))
    return (project.path / "data" / "corpus.txt").read_bytes().decode("utf-8")


def outline(project: Project) -> CorpusOutline:
    return CorpusOutline.read(project.path / "data" / "corpus.json")


def test_files_are_joined_in_the_order_of_the_list(project: Project) -> None:
    contents = {"b.txt": "\ufeffZweite ΟΔΟΣ".encode(), "a.txt": "\ufeffΑ\r\nErste\r".encode()}
    # each file is lower-cased on its own: the word at the end of the first ends there
    assert run_stage(project, contents) == "Zweite ΟΔΟΣ".lower() + "Α\nErste\n".lower()
    assert outline(project) == CorpusOutline((11, 8), (15, 9), is_text=True)


def test_case_is_kept_where_lower_case_is_false(project: Project) -> None:
    contents = {"a.txt": "ÄRGER\r\nİ".encode("utf-16")}
    assert run_stage(project, contents, encoding="utf-16", lower_case=False) == "ÄRGER\nİ"


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("files", "expected", "is_text"),
    [
        (["\ufeffÄB\r\n".encode(), b"C"], ((5, 1), "\ufeffÄb\r\nc".encode()), True),
        (["Ä".encode()[:1], "Ä".encode()[1:] + b"A"], ((1, 2), "Äa".encode()), False),
        ([b"\xffAB", "Ä".encode()], ((3, 2), b"\xffab" + "Ä".encode()), False),
        ([b"\0\1Z" * 999], ((2997,), b"\0\1z" * 999), True),
    ],
)
def test_bytes_stay_as_they_are_but_for_a_to_z(
    files: list[bytes],
    expected: tuple[tuple[int, ...], bytes],
    is_text: bool,
    chunk_bytes: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lowercase, "CHUNK_BYTES", chunk_bytes)
    paths = [tmp_path / str(i) for i in range(len(files))]
    for path, content in zip(paths, files, strict=True):
        path.write_bytes(content)
    target = io.BytesIO()
    settings = LowercaseParams(encoding="utf-8", lower_case=True)
    num_bytes = tuple(map(len, files))
    outline = lowercase.join_bytes(paths, settings, target, lambda _: None)
    assert outline == CorpusOutline(expected[0], num_bytes, is_text)
    assert target.getvalue() == expected[1]


def test_bytes_of_any_file_go_through_the_stages(project: Project) -> None:
    content = bytes(range(256)) * 4
    project.set_params("vectorize", tokens="bytes")
    project.set_params("download", files=[{"name": "a.mid", "sha256": None, "sources": ["../a.mid"]}])
    (project.path / "../a.mid").write_bytes(content)
    for stage in ("download", "lowercase", "vectorize"):
        printed = project.run(*command(project, stage))
    data = read_windows(project.path / "data" / "windows")
    assert printed.startswith("1,024 characters as 1,024 bytes, 230 distinct\n")  # A to Z became a to z
    assert text_to_bytes(data.tokenizer.decode(data.ids)) == content.lower()


PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
GERMAN = "Größe und Ärger. " * 10


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (b"PK\x03\x04" + bytes(99), "utf-8", "not text but a zip archive (so are .docx, .odt, .epub, .xlsx)."),
        (gzip.compress(b"text", mtime=0), "latin-1", "not text but compressed with gzip."),
        (b"%PDF-1.7\n", "latin-1", "not text but a PDF."),
        (b"{\\rtf1 text}", "utf-8", "not text but a document in RTF."),
        (bz2.compress(b"text"), "latin-1", "not text but compressed with bzip2."),
        (b"MThd\0\0\0\6", "latin-1", "not text but music in MIDI."),
        (PNG, "cp1252", "not text but a PNG image."),
        (bytes(257) + b"ustar", "utf-8", "not text but a tar archive."),
        (GERMAN.encode("utf-16-le"), "utf-8", "seems to be utf-16-le, not utf-8."),
        (GERMAN.encode("utf-16-be"), "latin-1", "seems to be utf-16-be, not latin-1."),
        (GERMAN.encode("utf-16"), "utf-8", "seems to be utf-16, not utf-8."),
        (GERMAN.encode("utf-32-le"), "utf-8", "seems to be utf-32-le, not utf-8."),
        (GERMAN.encode("utf-32"), "cp1252", "seems to be utf-32, not cp1252."),
    ],
)
def test_a_file_that_is_not_text_is_named(content: bytes, encoding: str, message: str, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        lowercase.check_kind(path, encoding)
    assert str(error.value).startswith(f"{path}: {message} ")


@pytest.mark.parametrize(
    ("content", "encoding", "warnings"),
    [
        (GERMAN.encode(), "utf-8", []),
        (GERMAN.encode("latin-1"), "latin-1", []),
        (GERMAN.encode("utf-16-le"), "utf-16-le", []),
        ("книга о вкусной ".encode("utf-16-le") * 9, "utf-16-le", []),
        (b"", "utf-8", []),
        (b"plain", "cp1252", []),
        (b"BZhang, ID3, RIFF, GIF8, MThd, %!PS and fLaC", "utf-8", []),
        (b"ID3 is no tag here", "utf-8", []),
        (b"BZhang", "utf-8", []),
        (b"\n<!DOCTYPE html>\n", "utf-8", ["is a web page (HTML), and its tags are learned too. Is it the text?"]),
        (b"a\0b", "utf-8", ["has zero bytes (NUL) among its characters. Is it text?"]),
        (GERMAN.encode(), "cp1252", ["seems to be utf-8, and is read as cp1252, as lowercase.encoding says."]),
    ],
)
def test_a_file_in_doubt_is_read_with_a_warning(
    content: bytes, encoding: str, warnings: list[str], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(content)
    lowercase.check_kind(path, encoding)
    assert caplog.messages == [f"{path}: {warning}" for warning in warnings]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "it must have the keys is_text, num_bytes, num_characters"),
        ('{"is_text": true, "num_characters": []}', "it must have the keys is_text, num_bytes, num_characters"),
        ('{"is_text": 1, "num_bytes": [], "num_characters": []}', "is_text must be true or false"),
        ('{"is_text": true, "num_bytes": [1], "num_characters": [-1]}', f"num_characters {INTEGERS}"),
        ('{"is_text": true, "num_bytes": [1], "num_characters": [true]}', f"num_characters {INTEGERS}"),
        ('{"is_text": true, "num_bytes": 3, "num_characters": []}', f"num_bytes {INTEGERS}"),
        ('{"is_text": true, "num_bytes": [1], "num_characters": []}', f"num_bytes and num_characters {SAME_FILES}"),
    ],
)
def test_a_damaged_outline_is_refused(content: str, message: str, path: Path) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as error:
        CorpusOutline.read(path)
    assert str(error.value) == (f"{path}: damaged ({message}). Run `dvc checkout`, or `dvc repro` to make it again.")


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    settings = LowercaseParams(encoding="utf-8", lower_case=True)
    with pytest.raises(UserError, match=r"a.txt: damaged \(not a file\)"):
        lowercase.write_corpus([tmp_path / "a.txt"], settings, lowercase.join_texts, tmp_path / "out")
    assert not (tmp_path / "out").exists()
