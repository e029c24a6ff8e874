"""How a section of params.yaml becomes a typed object: no key missing, none unknown, each value by its rule."""

import codecs
import dataclasses
import math
import re
import reprlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from stages.core.pipeline.errors import UserError

PARAMS_FILE = Path("params.yaml")
LONGEST_SHOWN = 500  # characters of a value in a message
DEEPEST = 1000  # lists in lists in a YAML file
TOO_DEEP = f"nested more than {DEEPEST} levels deep"
_BRACKET = re.compile(r"[\[\]{}]")
_BEGINNINGS = re.compile(r"(?:\s*[-?:](?=\s))*")  # of lists and mappings within one line
Section = TypeVar("Section")


@dataclasses.dataclass(frozen=True)
class Rule:
    """What a value must be, in words that follow "must be", and its test."""

    requirement: str
    accepts: Callable[[Any], bool]

    def check(self, key: str, value: Any) -> None:
        """Refuse a value that breaks the rule. Nothing is repaired or clamped."""
        if not self.accepts(value):
            raise UserError(
                f"{PARAMS_FILE}: {key} must be {self.requirement}. "
                f"Received: {shown(value)} (of type {type(value).__name__})."
            )


def shown(value: Any) -> str:
    """Return a value as a message shows it: as Python writes it, shortened if it is long."""
    try:
        # the aliases of a short YAML file can make a list that fills the memory once it is written out
        text = repr(value) if _has_few_parts(value) else reprlib.repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists thousands deep
        return "something too large to show"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _has_few_parts(value: Any) -> bool:
    """Tell whether a value, its aliases written out, has no more parts than a message can show."""
    waiting, num_parts = [value], 0
    while waiting and num_parts <= LONGEST_SHOWN:
        part = waiting.pop()
        num_parts += 1
        if isinstance(part, Mapping):
            part = [*part.keys(), *part.values()]
        if isinstance(part, list | tuple | set | frozenset):
            num_parts += len(part)
            waiting += part
    return not waiting


def setting(rule: Rule) -> Any:
    """Declare a field of a section, with its rule. It has no default: defaults are in params.yaml."""
    return dataclasses.field(metadata={"rule": rule})


def is_integer(value: Any) -> bool:
    """Tell whether a value is an integer. A bool is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Tell whether a value is a number that a float can hold. Infinity is, NaN and a bool are not."""
    if not (is_integer(value) or isinstance(value, float)):
        return False
    try:
        return not math.isnan(value)
    except OverflowError:
        return False


def is_text(value: Any) -> bool:
    """Tell whether a value is a string that is not empty."""
    return isinstance(value, str) and value != ""


def is_encoding(value: Any) -> bool:
    """Tell whether a value names a text encoding that Python knows."""
    try:
        is_text_encoding = getattr(codecs.lookup(value), "_is_text_encoding", True)
        return is_text_encoding and codecs.getincrementaldecoder(value)().decode(b"") == ""
    except (LookupError, TypeError, ValueError):
        return False


def integer(minimum: int, maximum: int | None = None) -> Rule:
    """Return the rule for an integer in a range."""
    words = f"an integer >= {minimum}" if maximum is None else f"an integer from {minimum} to {maximum}"
    return Rule(words, lambda v: is_integer(v) and v >= minimum and (maximum is None or v <= maximum))


def one_of(*choices: str) -> Rule:
    """Return the rule for one of a few words."""
    return Rule(f"one of {', '.join(choices)}", lambda v: isinstance(v, str) and v in choices)


def or_null(rule: Rule) -> Rule:
    """Return a rule that also allows null."""
    return Rule(f"null or {rule.requirement}", lambda v: v is None or rule.accepts(v))


def list_of(each: Rule, plural: str) -> Rule:
    """Return the rule for a list that is not empty and has no repetition."""
    return Rule(
        f"a list, not empty and without repetition, of {plural}",
        lambda v: (
            isinstance(v, list)
            and len(v) > 0
            and all(each.accepts(e) for e in v)
            and all(e not in v[:i] for i, e in enumerate(v))
        ),
    )


BOOLEAN = Rule("true or false", lambda v: isinstance(v, bool))
FINITE_POSITIVE = Rule("a finite number > 0", lambda v: is_number(v) and 0 < v < math.inf)
BETWEEN_0_AND_1 = Rule("a number between 0 and 1, both excluded", lambda v: is_number(v) and 0 < v < 1)
SEED = integer(0, 2**32 - 1)


def section_from(values: Any, name: str, section: type[Section]) -> Section:
    """Return one section of params.yaml as an object of its class.

    Raises:
        UserError: it is not a mapping, a key is missing or unknown, or a value breaks its rule.
    """
    fields = {f.name: f for f in dataclasses.fields(section)}  # type: ignore[arg-type]
    require_keys(values, list(fields), name)
    for key, field in fields.items():
        field.metadata["rule"].check(f"{name}.{key}", values[key])
    return section(**{key: _typed(values[key], field.type) for key, field in fields.items()})


def _typed(value: Any, kind: Any) -> Any:
    """Return an accepted value in the type of its field: Keras takes a learning rate of 1.0, but not of 1."""
    if is_integer(value) and kind in (float, float | None):
        return float(value)
    return tuple(value) if isinstance(value, list) else value


def require_keys(values: Any, keys: list[str], place: str = "") -> None:
    """Refuse everything but a mapping with exactly these keys."""
    where = f"{PARAMS_FILE}: {place}".rstrip(": ")
    dot = f"{place}." if place else ""
    if not isinstance(values, Mapping):
        raise UserError(f"{where} must be a mapping with the keys {', '.join(keys)}. Received: {shown(values)}.")
    for key in values:  # first: a misspelt key is missing as well
        if key not in keys:
            raise UserError(
                f"{PARAMS_FILE}: {dot}{key} is not a known key. Remove or correct it. Known: {', '.join(keys)}."
            )
    for key in keys:
        if key not in values:
            raise UserError(f"{PARAMS_FILE}: {dot}{key} is missing. Add it as stages/README.md describes.")


def read_yaml(path: Path) -> Any:
    """Return the contents of a YAML file, read as DVC reads it (YAML 1.2: 1e-3 is a number)."""
    if path.exists() and not path.is_file():  # a pipe would wait for ever
        raise UserError(f"{path} is not a file. Move it away, then run `git checkout {path}`.")
    try:
        text = path.read_text(encoding="utf-8")
        _require_shallow(path, text)
        return YAML(typ="safe").load(text)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist in {Path.cwd()}. Run this in the project's folder.") from None
    except MarkedYAMLError as error:
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise UserError(f"{path}: not valid YAML{line}: {_short(error.problem)}. Correct that line.") from None
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise UserError(f"{path}: not UTF-8 at byte {error.start} (0x{byte:02x}). Save it as UTF-8.") from None
    except RecursionError:
        raise UserError(f"{path}: not valid YAML: {TOO_DEEP}. Correct that.") from None
    except (YAMLError, ValueError, LookupError) as error:  # a control character; an invalid date, !!bool or !!int
        raise UserError(f"{path}: not valid YAML: {_short(str(error))}. Correct that.") from None


def _short(problem: str | None) -> str:
    """Return the first line of a message, which may repeat what is in the file, cut where it is long."""
    line = (problem or "").partition("\n")[0]
    return line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}…"


def _require_shallow(path: Path, text: str) -> None:
    """Refuse lists in lists by the thousand: the parser takes minutes for them, or ends the process."""
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        beginnings = _BEGINNINGS.match(line)
        deepest = len(beginnings[0].split()) if beginnings else 0
        for bracket in _BRACKET.findall(line):  # those in a text count as well; nobody writes a thousand
            depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
            deepest = max(deepest, depth)
        if deepest > DEEPEST:
            raise UserError(f"{path}: not valid YAML (line {number}): {TOO_DEEP}. Correct that line.")
