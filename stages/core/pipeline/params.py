"""The sections of params.yaml: one class for each stage. The defaults are in that file only."""

import math
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeVar

from stages.core.networks.table import NETWORKS
from stages.core.pipeline import rules
from stages.core.pipeline.combinations import require_compatible
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import PARTIAL, project_root
from stages.core.pipeline.rules import (
    BETWEEN_0_AND_1,
    BOOLEAN,
    FINITE_POSITIVE,
    SEED,
    Rule,
    is_number,
    is_text,
    setting,
)
from stages.core.text.table import TOKENIZERS

MOST_CHARACTERS = 10_000_000  # that are made in one go: they are kept in memory
TEMPERATURE = Rule("a number >= 0 (0 is greedy, .inf is uniform)", lambda v: is_number(v) and v >= 0)
TEMPERATURES = rules.list_of(TEMPERATURE, "numbers >= 0 (0 is greedy, .inf is uniform)")
FILE_NAME = Rule(
    f"the name of a file, without folders, that does not begin with {PARTIAL}",
    lambda v: (
        is_text(v)
        and v not in (".", "..")
        and not set(v) & set("\\\0")
        and PurePosixPath(v).name == v
        and not v.startswith(PARTIAL)  # as unfinished files are called, which are removed
    ),
)
SECONDS = Rule("a number of seconds > 0, at most 86400", lambda v: is_number(v) and 0 < v <= 86400)
SHA256 = rules.or_null(
    Rule(
        "64 hexadecimal digits",
        lambda v: isinstance(v, str) and len(v) == 64 and set(v) <= set("0123456789abcdef"),
    )
)
SHARE = Rule("a number >= 0 and < 1", lambda v: is_number(v) and 0 <= v < 1)
SHARDS = Rule("a power of two from 1 to 64", lambda v: type(v) is int and v in (1, 2, 4, 8, 16, 32, 64))
RAW = "data/raw"  # DVC removes it before stage download runs


def _is_source(value: Any) -> bool:
    if not is_text(value) or "\0" in value:
        return False
    return "://" in value or not (project_root() / value).resolve().is_relative_to((project_root() / RAW).resolve())


SOURCES = rules.list_of(Rule("a URL or a path", _is_source), f"URLs or paths outside of {RAW}, which is emptied first")


@dataclass(frozen=True, kw_only=True)
class CorpusFile:
    """One file of the corpus: its name under data/raw, its hash, and where to get it, in order."""

    name: str = setting(FILE_NAME)
    sha256: str | None = setting(SHA256)
    sources: tuple[str, ...] = setting(SOURCES)


@dataclass(frozen=True, kw_only=True)
class DownloadParams:
    """What to download, and how patiently."""

    files: tuple[CorpusFile, ...] = setting(
        Rule("a list, not empty, of mappings name, sha256, sources", lambda v: isinstance(v, list) and v != [])
    )
    timeout_seconds: float = setting(SECONDS)  # without an answer or a byte
    max_seconds: float = setting(SECONDS)  # for one source in all, further attempts included
    retries: int = setting(rules.integer(0))


@dataclass(frozen=True, kw_only=True)
class LowercaseParams:
    """How the files become one text."""

    encoding: str = setting(Rule("the name of a text encoding that Python knows", rules.is_encoding))
    lower_case: bool = setting(BOOLEAN)


@dataclass(frozen=True, kw_only=True)
class VectorizeParams:
    """What a token is, and how the text is cut into windows, in tokens."""

    tokens: str = setting(rules.one_of(*TOKENIZERS))
    max_vocabulary: int = setting(rules.integer(1, 1_000_000))  # words beside the characters
    window_length: int = setting(rules.integer(1))
    stride: int = setting(rules.integer(1))
    validation_fraction: float = setting(BETWEEN_0_AND_1)


@dataclass(frozen=True, kw_only=True)
class TrainParams:
    """The network, its optimizer, and what happens when the loss diverges."""

    random_seed: int = setting(SEED)
    epochs: int = setting(rules.integer(1, 999))  # the names of the weights have three digits
    network: str = setting(rules.one_of(*NETWORKS))
    num_layers: int = setting(rules.integer(1, 32))
    units: int = setting(rules.integer(1, 4096))  # more do not fit into the memory of one machine
    dropout: float = setting(SHARE)
    weight_dropout: float = setting(SHARE)
    targets: str = setting(rules.one_of("last", "every"))
    carry_state: bool = setting(BOOLEAN)
    batch_size: int = setting(rules.integer(1, 65536))
    shards: int = setting(SHARDS)
    optimizer: str = setting(rules.one_of("rmsprop", "adamw"))
    learning_rate: float = setting(FINITE_POSITIVE)
    schedule: str = setting(rules.one_of("constant", "one_cycle"))
    weight_decay: float = setting(Rule("a finite number >= 0", lambda v: is_number(v) and 0 <= v < math.inf))
    ema_decay: float | None = setting(rules.or_null(BETWEEN_0_AND_1))
    clip_norm: float | None = setting(rules.or_null(FINITE_POSITIVE))
    lstm_backend: str = setting(rules.one_of("auto", "keras", "compiled"))
    divergence_margin_nats: float | None = setting(rules.or_null(FINITE_POSITIVE))
    rollback_learning_rate_factor: float = setting(BETWEEN_0_AND_1)
    max_rollbacks: int = setting(rules.integer(1))
    early_stopping_epochs: int | None = setting(rules.or_null(rules.integer(1)))


@dataclass(frozen=True, kw_only=True)
class SampleParams:
    """What is generated after every epoch. Null prompts: a random passage of the corpus for each epoch."""

    random_seed: int = setting(SEED)
    temperatures: tuple[float, ...] = setting(TEMPERATURES)
    length: int = setting(rules.integer(1, MOST_CHARACTERS))
    prompts: tuple[str, ...] | None = setting(
        rules.or_null(rules.list_of(Rule("a string, not empty", is_text), "strings, none empty"))
    )


@dataclass(frozen=True, kw_only=True)
class EvaluateParams:
    """How much text is scored at the best epoch: characters for each temperature, and order of the n-grams."""

    random_seed: int = setting(SEED)
    score_length: int = setting(rules.integer(1, MOST_CHARACTERS))
    max_ngram_order: int = setting(rules.integer(1, 6))


@dataclass(frozen=True, kw_only=True)
class ReportParams:
    """What the report shows."""

    random_seed: int = setting(SEED)
    prompt: str | None = setting(rules.or_null(Rule("a string, not empty", is_text)))  # null: a held-out passage
    prompt_epochs: tuple[int, ...] = setting(rules.list_of(rules.integer(1), "integers >= 1"))
    distribution_temperatures: tuple[float, ...] = setting(TEMPERATURES)
    copied_passage_length: int = setting(rules.integer(1))


SECTIONS: dict[str, type] = {
    "download": DownloadParams,
    "lowercase": LowercaseParams,
    "vectorize": VectorizeParams,
    "train": TrainParams,
    "sample": SampleParams,
    "evaluate": EvaluateParams,
    "report": ReportParams,
}
Section = TypeVar("Section")


def load(section: type[Section]) -> Section:
    """Return the section of params.yaml that belongs to the class `section`; all of them are checked.

    Raises:
        UserError: the first thing that is wrong with any of them.
    """
    (name,) = (n for n, c in SECTIONS.items() if c is section)
    loaded: Section = load_all()[name]
    return loaded


def load_all() -> dict[str, Any]:
    """Return every section of params.yaml, in the current folder, under its name.

    Raises:
        UserError: the first thing that is wrong with any of them.
    """
    values = rules.read_yaml(rules.PARAMS_FILE)
    rules.require_keys(values, list(SECTIONS))
    values["download"] = _with_files(values["download"])
    sections: dict[str, Any] = {
        name: rules.section_from(values[name], name, section) for name, section in SECTIONS.items()
    }
    require_compatible(sections["train"], sections["vectorize"], NETWORKS[sections["train"].network])
    return sections


def temperature_label(temperature: float) -> str:
    """Return how a temperature is written in tables and names of metrics: 0.2, 1.0, inf."""
    return "inf" if math.isinf(temperature) else str(float(temperature) + 0.0)  # -0.0 is 0.0


def _with_files(download: Any) -> Any:
    """Check the entries of download.files and make objects of them."""
    if not isinstance(download, dict) or not isinstance(download.get("files"), list):
        return download  # refused with the section
    files = []
    for i, entry in enumerate(download["files"]):
        files.append(rules.section_from(entry, f"download.files[{i}]", CorpusFile))
        if files[-1].name in [f.name for f in files[:-1]]:
            raise UserError(
                f"params.yaml: download.files[{i}].name must be different from the others. "
                f"Received: {files[-1].name!r} twice. Rename one of them."
            )
    return {**download, "files": files}
