"""The table of tokenizers: the modules of each kind. Tests of code hashes show what a change of one makes stale."""

import pytest

from stages.core.text.table import TOKENIZERS, stream_module, tokenizer_class, tokenizer_modules


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_the_modules_of_a_kind_are_there(kind: str) -> None:
    assert tokenizer_class(kind).kind == kind
    assert callable(stream_module(kind).collect)
    assert callable(stream_module(kind).ids)


def test_only_what_reads_ids_depends_on_the_kind() -> None:
    assert tokenizer_modules("lowercase", "words") == []
    assert tokenizer_modules("vectorize", "words") == ["stages.core.text.words", "stages.core.text.streams.words"]
    assert tokenizer_modules("train", "words") == ["stages.core.text.words"]
