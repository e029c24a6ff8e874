"""Join the downloaded files into one lower-cased text.

    python -m stages.lowercase data/raw data/corpus.txt data/corpus.json

Reads sections lowercase, download.files (for their order) and vectorize.tokens of params.yaml; writes the text as
UTF-8, and how many characters each file has. With tokens: bytes the files stay the bytes that they are, and the letters
A to Z alone are lower-cased. It streams: a gigabyte needs no more memory than a megabyte. Several files that are big
together are read by several processes, which write the same bytes as one.
"""

import codecs
import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stages.core.kernels.processors import default_num_threads
from stages.core.pipeline import params, progress, stage
from stages.core.pipeline.errors import UserError, readable
from stages.core.pipeline.files import atomic_write, require_file
from stages.core.pipeline.params import DownloadParams, LowercaseParams, VectorizeParams
from stages.core.text import file_kinds
from stages.core.text.corpus import CorpusOutline, OnRead, ignore
from stages.core.text.parallel import append, groups, in_order

CHUNK_BYTES = 1 << 16  # short, as one character beyond ASCII makes lower-casing its whole chunk ten times slower
LONGEST_WORD = 1 << 20
OTHER_ENCODING = "Set lowercase.encoding in params.yaml to the encoding of the file."
Join = Callable[[list[Path], LowercaseParams, Any, OnRead], CorpusOutline]
logger = logging.getLogger(__name__)


def check_kind(path: Path, encoding: str) -> None:
    """Refuse a file that is not text; warn about one in another encoding.

    Raises:
        UserError: it is an archive, a PDF, an image and so on, or UTF-16 read as something else.
    """
    with path.open("rb") as file:
        head = file.read(file_kinds.HEAD_BYTES)
    name = codecs.lookup(encoding).name
    if kind := file_kinds.file_kind(head):
        raise UserError(
            f"{path}: not text but {kind}. Put the plain text of it into download.files, "
            "or set vectorize.tokens in params.yaml to bytes to learn the file as it is."
        )
    wide = file_kinds.wide_encoding(head)
    if wide and not name.startswith(("utf-16", "utf-32")):
        raise UserError(f"{path}: seems to be {wide}, not {encoding}. Set lowercase.encoding in params.yaml to {wide}.")
    if b"\0" in head and not wide and not name.startswith(("utf-16", "utf-32")):
        logger.warning("%s: has zero bytes (NUL) among its characters. Is it text?", path)
    if file_kinds.is_web_page(head):
        logger.warning("%s: is a web page (HTML), and its tags are learned too. Is it the text?", path)
    if not name.startswith("utf") and name != "ascii" and file_kinds.is_utf8_beyond_ascii(head):
        logger.warning("%s: seems to be utf-8, and is read as %s, as lowercase.encoding says.", path, encoding)


def read_text(path: Path, encoding: str, on_read: OnRead = ignore) -> Iterator[str]:
    """Yield the text of a file in chunks, without a byte order mark, every line end as LF.

    Raises:
        UserError: bytes that are invalid in this encoding; their offset is named.
    """
    decode = codecs.getincrementaldecoder(encoding)()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    offset = 0
    at_start = True
    with path.open("rb") as file:
        while True:
            data = file.read(CHUNK_BYTES)
            on_read(len(data))
            try:
                text = decode.decode(data, final=not data)
                text.encode()  # UTF-7 and escapes can give half of a surrogate pair, which is not a character
            except UnicodeDecodeError as error:
                # its object is what was left over from the chunk before, then this chunk
                at = offset - (len(error.object) - len(data)) + error.start
                raise UserError(
                    f"{path}: not {encoding} at byte {at} (0x{error.object[error.start]:02x}). {OTHER_ENCODING}"
                ) from None
            except UnicodeError as error:  # UTF-16 or UTF-32 without an order of bytes; what UTF-8 cannot write
                raise UserError(f"{path}: not {encoding} ({error}). {OTHER_ENCODING}") from None
            text = newlines.decode(text, final=not data)
            yield text.removeprefix("\ufeff") if at_start else text
            at_start = at_start and not text
            if not data:
                return
            offset += len(data)


def lower_cased(chunks: Iterator[str]) -> Iterator[str]:
    """Yield the text lower-cased, as if it had been in one piece.

    A capital sigma becomes "ς" at the end of a word and "σ" elsewhere, so chunks must not end within a word. A word
    longer than LONGEST_WORD characters is cut all the same.

    >>> "".join(lower_cased(iter(["ΟΔΟ", "Σ ΟΔΟΣ"])))
    'οδος οδος'
    """
    rest = ""
    for chunk in chunks:
        text = rest + chunk
        cut = 1 + max(text.rfind("\n"), text.rfind(" "))
        if cut == 0 and len(text) > LONGEST_WORD:
            cut = len(text)
        yield text[:cut].lower()
        rest = text[cut:]
    yield rest.lower()


def join_texts(paths: list[Path], settings: LowercaseParams, target: Any, on_read: OnRead) -> CorpusOutline:
    """Write the files as one text in UTF-8; each is lower-cased on its own."""
    num_characters, num_bytes = [], []
    for path in paths:
        check_kind(path, settings.encoding)
        num_characters.append(0)
        num_bytes.append(0)
        chunks = read_text(path, settings.encoding, on_read)
        for chunk in lower_cased(chunks) if settings.lower_case else chunks:
            num_bytes[-1] += target.write(chunk.encode())
            num_characters[-1] += len(chunk)
    return CorpusOutline(tuple(num_characters), tuple(num_bytes), is_text=True)


def join_bytes(paths: list[Path], settings: LowercaseParams, target: Any, on_read: OnRead) -> CorpusOutline:
    """Write the bytes of the files one after the other, A to Z lower-cased."""
    num_bytes, num_characters, is_text = [], [], True
    for path in paths:
        decode = codecs.getincrementaldecoder("utf-8")()
        num_bytes.append(0)
        num_characters.append(0)
        with path.open("rb") as file:
            while True:
                data = file.read(CHUNK_BYTES)
                on_read(len(data))
                num_bytes[-1] += target.write(data.lower() if settings.lower_case else data)
                try:
                    num_characters[-1] += len(decode.decode(data, final=not data)) if is_text else 0
                except UnicodeDecodeError:
                    is_text = False
                if not data:
                    break
    return CorpusOutline(tuple(num_characters if is_text else num_bytes), tuple(num_bytes), is_text)


def write_corpus(paths: list[Path], settings: LowercaseParams, join: Join, corpus: Path) -> CorpusOutline:
    """Write the files as one; where they are big, groups of them in processes of their own.

    Raises:
        UserError: there is no text in them, or a file is not text.
    """
    sizes = []
    for path in paths:
        with readable(path):
            sizes.append(require_file(path).stat().st_size)
    num_processes = default_num_threads()
    files = groups(sizes, num_processes)
    with (
        atomic_write(corpus) as partial,
        partial.open("wb", buffering=1 << 20) as target,
        progress.bar(total=sum(sizes), unit="B", unit_scale=True) as bar,
    ):

        def work(group: range) -> CorpusOutline:
            with partial.with_name(f"{group.start}").open("wb", buffering=1 << 20) as part:
                return join(paths[group.start : group.stop], settings, part, ignore)

        if len(files) == 1:
            outline = join(paths, settings, target, bar.update)
        else:
            outlines = []
            for group, of_group in zip(files, in_order(work, files, num_processes), strict=True):
                append(target, partial.with_name(f"{group.start}"))
                bar.update(sum(sizes[group.start : group.stop]))
                outlines.append(of_group)
            outline = CorpusOutline.joined(outlines)
        if not sum(outline.num_characters):
            raise UserError(f"{paths[0].parent}: the corpus is empty. List a file with text in download.files.")
    return outline


def main() -> None:
    """Read every file in the order of the list, write one text and its outline."""
    parser = stage.parser(__doc__)
    parser.add_argument("raw", type=Path, help="folder of the downloaded files")
    parser.add_argument("corpus", type=Path, help="text to write")
    parser.add_argument("outline", type=Path, help="JSON to write: how many characters and bytes each file has")
    arguments = parser.parse_args()
    paths = [arguments.raw / file.name for file in params.load(DownloadParams).files]
    join = join_bytes if params.load(VectorizeParams).tokens == "bytes" else join_texts
    outline = write_corpus(paths, params.load(LowercaseParams), join, arguments.corpus)
    outline.write(arguments.outline)
    logger.info("%s characters in %s", f"{sum(outline.num_characters):,}", arguments.corpus)


if __name__ == "__main__":
    stage.run("lowercase", main)
