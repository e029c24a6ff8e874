"""`zarathustra new-text`: learn other files, by the settings in params.yaml that this takes."""

import argparse
import io
import math
import os
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from stages import lowercase
from stages.cli.options import require_project
from stages.core.pipeline import params, rules
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import project_root, sha256_of_file, write_text
from stages.core.pipeline.params import CorpusFile, LowercaseParams, VectorizeParams
from stages.core.pipeline.visible import visible
from stages.core.text import file_kinds
from stages.core.text.plan import num_windows
from stages.core.text.table import TOKENIZERS
from stages.vectorize import check_length

CASE_MATTERS = {".abc": "capital and small letters are different notes"}
LITTLE = 100_000  # characters; Keras's own example says "at least ~100k characters; ~1M is better"
BACK = "git restore dvc.lock params.yaml reports && dvc checkout"
QUICK_WINDOWS = 600_000  # that a network of 128 units is trained on in one to three minutes


class Found(NamedTuple):
    """What the files hold."""

    num_characters: list[int]  # of each file
    distinct: set[Any]


def set_up(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="text files, joined in this order")
    parser.add_argument("--tokens", choices=TOKENIZERS, help="units of text; unset: as params.yaml says")
    parser.add_argument("--encoding", help="of the files; unset: UTF-8, or what a byte order mark tells")
    parser.add_argument("--keep-case", action="store_true", help="no lower-casing; unset: for tunes in ABC only")
    parser.epilog = "Only params.yaml changes. It stays as it was if a file cannot be used."
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Check the files, change params.yaml, say what comes next."""
    require_project()
    sections = params.load_all()
    paths = [_checked(name) for name in arguments.files]
    tokens = arguments.tokens or sections["vectorize"].tokens
    encoding = arguments.encoding or _encoding(paths[0])
    if not rules.is_encoding(encoding):
        raise UserError(f"--encoding must be the name of a text encoding that Python knows. Received: {encoding!r}.")
    reason = next((CASE_MATTERS[path.suffix.lower()] for path in paths if path.suffix.lower() in CASE_MATTERS), "")
    cased = LowercaseParams(encoding=encoding, lower_case=not (arguments.keep_case or reason))
    found = read(paths, cased, tokens)
    check_lengths(found, sections["vectorize"], tokens)
    changes = {
        "download.files": _entries(paths),
        "lowercase.encoding": cased.encoding,
        "lowercase.lower_case": cased.lower_case,
        "vectorize.tokens": tokens,
        "sample.prompts": None,
        "report.prompt": None,
    }
    before = rules.PARAMS_FILE.read_text(encoding="utf-8")
    write_text(rules.PARAMS_FILE, edited(before, changes))
    for line in [*told(found, sections, changes, tokens), *next_steps(found, sections)]:
        print(visible(line))
    if reason and not arguments.keep_case:
        print(f"Letters keep their case: {reason}.")


def read(paths: list[Path], settings: LowercaseParams, tokens: str) -> Found:
    """Read the files as stage lowercase will.

    Raises:
        UserError: one is not text, or in another encoding.
    """
    found = Found([], set())
    if tokens == "bytes":
        outline = lowercase.join_bytes(paths, settings, _Distinct(found.distinct), lambda _: None)
        return found._replace(num_characters=list(outline.num_characters))
    for path in paths:
        found.num_characters.append(0)
        try:
            lowercase.check_kind(path, settings.encoding)
            chunks = lowercase.read_text(path, settings.encoding)
            for chunk in lowercase.lower_cased(chunks) if settings.lower_case else chunks:
                found.num_characters[-1] += len(chunk)
                found.distinct.update(chunk)
        except UserError as error:
            message = str(error).replace(lowercase.OTHER_ENCODING, "Give --encoding, the encoding of the file.")
            raise UserError(message) from None
    return found


class _Distinct:
    """A file that keeps the distinct bytes that are written to it."""

    def __init__(self, values: set[Any]) -> None:
        self._values = values

    def write(self, data: bytes) -> int:
        self._values.update(data)
        return len(data)


def check_lengths(found: Found, settings: VectorizeParams, tokens: str) -> None:
    """Refuse what stage vectorize would refuse; words are fewer than characters, so of those it may refuse more."""
    if len(found.distinct) < 2:
        raise UserError("The files must have at least two distinct characters to learn from. Name other files.")
    held_out = sum(int(number * settings.validation_fraction) for number in found.num_characters)
    check_length(settings, sum(found.num_characters) - held_out, held_out)


def edited(text: str, changes: dict[str, Any]) -> str:
    """Return the text of params.yaml with other values; comments and the order of keys stay.

    Args:
        text: of params.yaml.
        changes: values by key, such as report.prompt.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 20
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), _null)
    values = yaml.load(text)
    for key, value in changes.items():
        section, name = key.split(".")
        if values[section][name] != value:
            values[section][name] = value
    written = io.StringIO()
    yaml.dump(values, written)
    return written.getvalue()


def _null(representer: Any, _: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")  # ruamel leaves it empty


def told(found: Found, sections: dict[str, Any], changes: dict[str, Any], tokens: str) -> list[str]:
    """Return what the files hold, what changed, and what to mind."""
    number = sum(found.num_characters)
    unit = "bytes" if tokens == "bytes" else "characters"
    lines = [f"{number:,} characters, {len(found.distinct):,} distinct {unit}. Changed in params.yaml:"]
    for key, value in changes.items():
        section, name = key.split(".")
        old = getattr(sections[section], name)
        if key == "download.files":
            old, value = _names([file.name for file in old]), _names([entry["name"] for entry in value])
        if old != value:
            lines.append(f"  {key}: {_shown(old)} -> {_shown(value)}")
    if number < LITTLE:
        lines.append(
            f"The text is short: a network learns little from less than {LITTLE:,} characters, and soon overfits; "
            "a million is better. Add texts of the same kind."
        )
    return lines


def _names(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 6 else f"{names[0]}, {names[1]}, … ({len(names)} files)"


def next_steps(found: Found, sections: dict[str, Any]) -> list[str]:
    """Return the commands to go on with: a first look of a few minutes, everything, and back."""
    settings, epochs = sections["vectorize"], sections["train"].epochs
    num_training = sum(found.num_characters) * (1 - settings.validation_fraction)
    windows = max(1, num_windows(int(num_training), settings.window_length, settings.stride))
    quick = f"-S train.epochs={max(1, QUICK_WINDOWS // windows)}"
    if windows > QUICK_WINDOWS:
        quick += f" -S vectorize.stride={math.ceil(settings.stride * windows / QUICK_WINDOWS)}"
    first = f"A first look, in two to four minutes on two cores:  dvc exp run {quick}"
    steps = [f"All {epochs} epochs:  dvc repro", f"Back to the published run:  {BACK}"]
    return [first, *steps] if QUICK_WINDOWS // windows < epochs else steps


def _checked(name: str) -> Path:
    path = Path(name)
    if "://" in name:
        raise UserError(f"{name}: is a URL. Download the file first, or write the URL into download.files yourself.")
    if path.is_dir():
        raise UserError(f"{path}: is a folder. Name the files in it, such as {path}/*.txt.")
    if not path.is_file():
        what = "is a pipe or a device" if path.exists() else "No such file"
        raise UserError(f"{path}: {what}. Name a text file.")
    return path


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(file_kinds.HEAD_BYTES)
    return file_kinds.wide_encoding(head) or "utf-8"


def _entries(paths: list[Path]) -> list[dict[str, Any]]:
    """Return the entries of download.files: distinct names, and paths that count from the project where it is near."""
    root, names = project_root(), set[str]()
    entries: list[dict[str, Any]] = []
    for path in paths:
        place = path.resolve()
        name, number = path.name, 2
        while name in names:
            name, number = f"{path.stem}-{number}{path.suffix}", number + 1
        names.add(name)
        # near the project a relative path: it may be moved or shared together with the text
        source = os.path.relpath(place, root) if place.is_relative_to(root.parent) else str(place)
        entry = {"name": name, "sha256": sha256_of_file(path), "sources": [source]}
        rules.section_from(entry, f"download.files[{len(entries)}]", CorpusFile)
        entries.append(entry)
    return entries


def _shown(value: Any) -> str:
    return {None: "null", True: "true", False: "false"}.get(value, str(value))
