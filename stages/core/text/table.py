"""The kinds of tokens: for each the module that turns text into ids, and the module that reads a corpus with it.

To add a kind: one module beside this file, one in streams/, one line here.
"""

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TokenizerKind:
    """Where the code of one kind of tokens is.

    The modules are named, not imported, so that a change of one kind makes no network of another kind stale.
    """

    tokenizer: str  # module of the tokenizer, a class with the name `class_name`
    class_name: str
    stream: str  # module that reads a corpus: `collect` and `ids`


TOKENIZERS = {
    "characters": TokenizerKind(
        tokenizer="stages.core.text.characters",
        class_name="Characters",
        stream="stages.core.text.streams.characters",
    ),
    "words": TokenizerKind(
        tokenizer="stages.core.text.words", class_name="Words", stream="stages.core.text.streams.words"
    ),
    "bytes": TokenizerKind(
        tokenizer="stages.core.text.bytes_", class_name="Bytes", stream="stages.core.text.streams.bytes_"
    ),
}


def tokenizer_class(kind: str) -> Any:
    """Return the class of tokenizers of a kind."""
    return getattr(importlib.import_module(TOKENIZERS[kind].tokenizer), TOKENIZERS[kind].class_name)


def stream_module(kind: str) -> Any:
    """Return the module that reads a corpus with tokenizers of a kind."""
    return importlib.import_module(TOKENIZERS[kind].stream)


def tokenizer_modules(stage: str, kind: str) -> list[str]:
    """Return the modules of a kind whose code a stage runs."""
    modules = TOKENIZERS[kind]
    if stage in ("check", "download", "lowercase"):
        return []
    return [modules.tokenizer, modules.stream] if stage == "vectorize" else [modules.tokenizer]
