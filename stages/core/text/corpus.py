"""data/corpus.txt in parts that are read one after the other, in chunks; data/corpus.json says where its files end."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from stages.core.pipeline import progress
from stages.core.pipeline.errors import UserError, readable
from stages.core.pipeline.files import read_json, write_json

CHUNK_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Part:
    """The beginning of a file, for training, or its end, for validation."""

    is_training: bool
    is_last: bool  # nothing follows
    chunks: Iterator[str]  # has to be read to its end before the next part


@dataclass(frozen=True)
class CorpusOutline:
    """Contents of data/corpus.json."""

    num_characters: tuple[int, ...]  # of each file, in their order
    is_text: bool  # UTF-8; otherwise each byte counts as a character

    @property
    def encoding(self) -> str:
        """The encoding in which each character of the outline is one character: Latin-1 gives one for each byte."""
        return "utf-8" if self.is_text else "latin-1"

    def num_validation_characters(self, fraction: float) -> list[int]:
        """Return how many characters at the end of each file are held out."""
        return [int(number * fraction) for number in self.num_characters]

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        write_json(path, {"is_text": self.is_text, "num_characters": self.num_characters})

    @classmethod
    def read(cls, path: Path) -> "CorpusOutline":
        """Return what `write` wrote.

        Raises:
            UserError: the file holds something else.
        """
        with readable(path):
            value: Any = read_json(path)
            if not isinstance(value, dict) or value.keys() != {"is_text", "num_characters"}:
                raise ValueError("it must have the keys is_text, num_characters")
            numbers = value["num_characters"]
            if not isinstance(numbers, list) or not all(type(number) is int and number >= 0 for number in numbers):
                raise ValueError("num_characters must be a list of integers >= 0")
            if not isinstance(value["is_text"], bool):
                raise ValueError("is_text must be true or false")
        return cls(tuple(numbers), value["is_text"])


def read_parts(corpus: Path, outline: CorpusOutline, validation_fraction: float, title: str) -> Iterator[Part]:
    """Yield both parts of each file, in the order of the corpus.

    Raises:
        UserError: the corpus is not the one that the outline describes.
    """
    held_out = outline.num_validation_characters(validation_fraction)
    lengths = [n for pair in zip(outline.num_characters, held_out, strict=True) for n in (pair[0] - pair[1], pair[1])]
    with (
        corpus.open(encoding=outline.encoding, newline="\n") as file,
        progress.bar(total=sum(lengths), desc=title, unit="char", unit_scale=True) as bar,
    ):
        for i, length in enumerate(lengths):
            yield Part(is_training=i % 2 == 0, is_last=i == len(lengths) - 1, chunks=_chunks(corpus, file, length, bar))
        if file.read(1):
            raise _other_corpus(corpus)


def _chunks(corpus: Path, file: TextIO, length: int, bar: Any) -> Iterator[str]:
    while length:
        try:
            chunk = file.read(min(length, CHUNK_CHARACTERS))
        except UnicodeDecodeError as error:
            raise UserError(f"{corpus}: not UTF-8 ({error.reason}). Run `dvc repro` to make it again.") from None
        if not chunk:
            raise _other_corpus(corpus)
        length -= len(chunk)
        bar.update(len(chunk))
        yield chunk


def _other_corpus(corpus: Path) -> UserError:
    return UserError(f"{corpus}: its length is not the one that lowercase noted. Run `dvc repro` to make it again.")
