"""data/corpus.txt in parts that are read one after the other, in chunks; data/corpus.json says where its files end."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import accumulate
from pathlib import Path
from typing import Any, TextIO

from stages.core.pipeline.errors import UserError, readable
from stages.core.pipeline.files import read_json, write_json

CHUNK_CHARACTERS = 1 << 20
OnRead = Callable[[int], Any]  # is given how much was read, each time


def ignore(number: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Part:
    """The beginning of a file, for training, or its end, for validation."""

    is_training: bool
    chunks: Iterator[str]  # has to be read to its end before the next part


@dataclass(frozen=True)
class CorpusOutline:
    """Contents of data/corpus.json."""

    num_characters: tuple[int, ...]  # of each file, in their order
    num_bytes: tuple[int, ...]  # of each file
    is_text: bool  # UTF-8; otherwise each byte counts as a character

    @property
    def encoding(self) -> str:
        """The encoding in which each character of the outline is one character: Latin-1 gives one for each byte."""
        return "utf-8" if self.is_text else "latin-1"

    def num_validation_characters(self, fraction: float) -> list[int]:
        """Return how many characters at the end of each file are held out."""
        return [int(number * fraction) for number in self.num_characters]

    @classmethod
    def joined(cls, outlines: Iterable["CorpusOutline"]) -> "CorpusOutline":
        """Return the outline of several corpora, one after the other."""
        outlines = list(outlines)
        is_text = all(outline.is_text for outline in outlines)
        num_bytes = tuple(number for outline in outlines for number in outline.num_bytes)
        num_characters = tuple(number for outline in outlines for number in outline.num_characters)
        return cls(num_characters if is_text else num_bytes, num_bytes, is_text)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        write_json(path, vars(self))

    @classmethod
    def read(cls, path: Path) -> "CorpusOutline":
        """Return what `write` wrote.

        Raises:
            UserError: the file holds something else.
        """
        with readable(path):
            value: Any = read_json(path)
            if not isinstance(value, dict) or value.keys() != {"is_text", "num_bytes", "num_characters"}:
                raise ValueError("it must have the keys is_text, num_bytes, num_characters")
            for key in ("num_bytes", "num_characters"):
                numbers = value[key]
                if not isinstance(numbers, list) or not all(type(number) is int and number >= 0 for number in numbers):
                    raise ValueError(f"{key} must be a list of integers >= 0")
            if len(value["num_bytes"]) != len(value["num_characters"]):
                raise ValueError("num_bytes and num_characters must be of the same files")
            if not isinstance(value["is_text"], bool):
                raise ValueError("is_text must be true or false")
        return cls(tuple(value["num_characters"]), tuple(value["num_bytes"]), value["is_text"])


def read_parts(
    corpus: Path,
    outline: CorpusOutline,
    validation_fraction: float,
    files: range | None = None,
    on_read: OnRead = ignore,
) -> Iterator[Part]:
    """Yield both parts of each file, in the order of the corpus.

    Args:
        corpus: data/corpus.txt.
        outline: of it.
        validation_fraction: held out at the end of each file.
        files: only these, which are neighbours; all if None.
        on_read: is given how many characters were read.

    Raises:
        UserError: the corpus is not the one that the outline describes.
    """
    held_out = outline.num_validation_characters(validation_fraction)
    files = range(len(held_out)) if files is None else files
    starts = list(accumulate(outline.num_bytes, initial=0))
    if corpus.stat().st_size != starts[-1]:
        raise _other_corpus(corpus)
    with corpus.open("rb") as raw, TextIOWrapper(raw, outline.encoding, newline="\n") as file:
        raw.seek(starts[files.start])
        for i in files:
            training = outline.num_characters[i] - held_out[i]
            yield Part(is_training=True, chunks=_chunks(corpus, file, training, on_read))
            yield Part(is_training=False, chunks=_chunks(corpus, file, held_out[i], on_read))
        if file.tell() != starts[files.stop]:
            raise _other_corpus(corpus)


def _chunks(corpus: Path, file: TextIO, length: int, on_read: OnRead) -> Iterator[str]:
    while length:
        try:
            chunk = file.read(min(length, CHUNK_CHARACTERS))
        except UnicodeDecodeError as error:
            raise UserError(f"{corpus}: not UTF-8 ({error.reason}). Run `dvc repro` to make it again.") from None
        if not chunk:
            raise _other_corpus(corpus)
        length -= len(chunk)
        on_read(len(chunk))
        yield chunk


def _other_corpus(corpus: Path) -> UserError:
    return UserError(f"{corpus}: its length is not the one that lowercase noted. Run `dvc repro` to make it again.")
