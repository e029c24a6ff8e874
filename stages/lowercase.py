"""Join the downloaded files into one lower-cased text.

    python -m stages.lowercase data/raw data/corpus.txt

Reads sections lowercase and download.files (for their order) of params.yaml; writes the text as UTF-8. It streams: a
gigabyte needs no more memory than a megabyte.
"""

import codecs
import io
import logging
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from stages.core.pipeline import params, progress, stage
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import atomic_write
from stages.core.pipeline.params import DownloadParams, LowercaseParams

CHUNK_BYTES = 1 << 16  # short, as one character beyond ASCII makes lower-casing its whole chunk ten times slower
LONGEST_WORD = 1 << 20
logger = logging.getLogger(__name__)


def read_text(path: Path, encoding: str, on_read: Callable[[int], Any] = lambda num_bytes: None) -> Iterator[str]:
    """Yield the text of a file in pieces, without a byte order mark, every line end as LF.

    Args:
        path: of the file.
        encoding: of the file.
        on_read: is given how many bytes were read, each time.

    Raises:
        UserError: bytes that are none in this encoding; their offset is named.
    """
    mend = "Set lowercase.encoding in params.yaml to the encoding of the file."
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
                text.encode()  # UTF-7 and escapes can give half of a pair of surrogates, which is no character
            except UnicodeDecodeError as error:
                # its object is what was left over from the chunk before, then this chunk
                at = offset - (len(error.object) - len(data)) + error.start
                raise UserError(
                    f"{path}: not {encoding} at byte {at} (0x{error.object[error.start]:02x}). {mend}"
                ) from None
            except UnicodeError as error:  # no order of bytes in UTF-16 or UTF-32; what UTF-8 cannot write
                raise UserError(f"{path}: not {encoding} ({error}). {mend}") from None
            text = newlines.decode(text, final=not data)
            yield text.removeprefix("\ufeff") if at_start else text
            at_start = at_start and not text
            if not data:
                return
            offset += len(data)


def lower_cased(pieces: Iterator[str]) -> Iterator[str]:
    """Yield the text lower-cased, as if it had been in one piece.

    A capital sigma becomes "ς" at the end of a word and "σ" elsewhere, so pieces must not end within a word. What has
    no space for LONGEST_WORD characters is cut all the same.

    >>> "".join(lower_cased(iter(["ΟΔΟ", "Σ ΟΔΟΣ"])))
    'οδος οδος'
    """
    rest = ""
    for piece in pieces:
        text = rest + piece
        cut = 1 + max(text.rfind("\n"), text.rfind(" "))
        if cut == 0 and len(text) > LONGEST_WORD:
            cut = len(text)
        yield text[:cut].lower()
        rest = text[cut:]
    yield rest.lower()


def main() -> None:
    """Read every file in the order of the list, write one text."""
    parser = stage.parser(__doc__)
    parser.add_argument("raw", type=Path, help="folder of the downloaded files")
    parser.add_argument("corpus", type=Path, help="text to write")
    arguments = parser.parse_args()
    settings = params.load(LowercaseParams)
    names = [file.name for file in params.load(DownloadParams).files]
    num_characters = 0
    with (
        atomic_write(arguments.corpus) as partial,
        partial.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as corpus,
        progress.bar(total=sum((arguments.raw / n).stat().st_size for n in names), unit="B", unit_scale=True) as bar,
    ):
        pieces = chain.from_iterable(read_text(arguments.raw / name, settings.encoding, bar.update) for name in names)
        for piece in lower_cased(pieces) if settings.lower_case else pieces:
            num_characters += corpus.write(piece)
        if not num_characters:
            raise UserError(f"{arguments.raw}: the corpus is empty. List a file with text in download.files.")
    logger.info("%s characters in %s", f"{num_characters:,}", arguments.corpus)


if __name__ == "__main__":
    stage.run("lowercase", main)
