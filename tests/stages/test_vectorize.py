"""The stage vectorize: a whole text turned into ids in chunks, and what it tells."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages import vectorize
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import VectorizeParams
from stages.core.text import corpus as corpus_module
from stages.core.text.characters import Characters
from stages.core.text.corpus import CorpusOutline
from stages.core.text.plan import WindowPlan
from stages.core.text.streams import words as words_stream
from stages.core.text.table import TOKENIZERS
from stages.core.text.tokenizer import Tokenizer
from tests.support.failing_stage import command
from tests.support.project import Project
from tests.support.text import made_up_text

tmp_path_is_shared = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
some_texts = st.text("abä \n\r\u2028\U0001f600", min_size=12, max_size=40).filter(lambda text: len(set(text)) > 1)


def settings(**values: Any) -> VectorizeParams:
    defaults: dict[str, Any] = {"tokens": "characters", "max_vocabulary": 3, "window_length": 1, "stride": 1}
    return VectorizeParams(**defaults | {"validation_fraction": 0.4} | values)


def vectorized(folder: Path, files: list[str], **values: Any) -> tuple[Tokenizer, WindowPlan, np.ndarray[Any, Any]]:
    """Write a corpus of some files, turn it into ids."""
    corpus, path = folder / "corpus.txt", folder / "ids.npy"
    corpus.write_bytes("".join(files).encode())
    outline = CorpusOutline(tuple(map(len, files)), tuple(len(file.encode()) for file in files), is_text=True)
    tokenizer = vectorize.collect(corpus, outline, settings(**values))
    plan = vectorize.write_ids(corpus, outline, settings(**values), tokenizer, path)
    return tokenizer, plan, np.load(path, allow_pickle=False)


@given(text=some_texts, chunk=st.integers(1, 8), tokens=st.sampled_from(list(TOKENIZERS)))
@tmp_path_is_shared
def test_chunks_of_any_size_give_the_ids_of_the_whole(tmp_path: Path, text: str, chunk: int, tokens: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus_module, "CHUNK_CHARACTERS", chunk)
        tokenizer, plan, ids = vectorized(tmp_path, [text], tokens=tokens)
    assert tokenizer.kind == tokens
    assert (tokenizer, plan) == vectorized(tmp_path, [text], tokens=tokens)[:2]
    cut = len(text) - int(len(text) * 0.4)
    assert ids.dtype == tokenizer.dtype
    assert ids.tolist() == [*tokenizer.encode(text[:cut]), *tokenizer.encode(text[cut:])]
    assert plan.num_tokens == len(ids)
    assert plan.num_training_tokens == len(tokenizer.encode(text[:cut]))
    assert (plan.num_characters, plan.num_validation_characters) == (len(text), len(text) - cut)


@given(files=st.lists(some_texts, min_size=1, max_size=4), tokens=st.sampled_from(list(TOKENIZERS)))
@tmp_path_is_shared
def test_the_end_of_each_file_is_held_out(tmp_path: Path, files: list[str], tokens: str) -> None:
    tokenizer, plan, ids = vectorized(tmp_path, files, tokens=tokens)
    cuts = [len(file) - int(len(file) * 0.4) for file in files]
    cut = plan.num_training_tokens
    assert tokenizer.decode(ids[:cut]) == "".join(file[:cut] for file, cut in zip(files, cuts, strict=True))
    assert tokenizer.decode(ids[cut:]) == "".join(file[cut:] for file, cut in zip(files, cuts, strict=True))
    assert plan.num_validation_characters == len(tokenizer.decode(ids[cut:]))


def test_one_file_gives_the_bytes_that_numpy_writes(tmp_path: Path) -> None:
    _, _, ids = vectorized(tmp_path, [made_up_text()])
    np.save(tmp_path / "by-numpy.npy", Characters.of(made_up_text()).encode(made_up_text()))
    assert (tmp_path / "ids.npy").read_bytes() == (tmp_path / "by-numpy.npy").read_bytes()
    assert len(ids) == len(made_up_text())


def test_words_are_the_most_frequent_of_the_training_part(tmp_path: Path) -> None:
    text = "one two two three three three " * 3 + "four " * 20
    tokenizer, _, _ = vectorized(tmp_path, [text], tokens="words", max_vocabulary=3, validation_fraction=0.5)
    assert tokenizer.texts == (*" efhnortuw", "three", "two", "one")


def test_words_are_counted_in_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_stream, "MOST_COUNTED", 10)
    monkeypatch.setattr(corpus_module, "CHUNK_CHARACTERS", 50)
    rare = [f"{chr(97 + i // 26)}{chr(97 + i % 26)}zz" for i in range(300)]
    text = "".join(f"often {word} " for word in rare)
    tokenizer, _, _ = vectorized(tmp_path, [text], tokens="words", max_vocabulary=1)
    assert tokenizer.texts[-1] == "often"


@pytest.mark.parametrize("tokens", TOKENIZERS)
@pytest.mark.parametrize("unit", ["Ada climbs ", "a"])
def test_memory_does_not_grow_with_the_text(
    unit: str, tokens: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_module, "CHUNK_CHARACTERS", 1 << 14)
    peaks = []
    for length in (1 << 15, 1 << 18):
        text = "b" + unit * (length // len(unit))
        vectorized(tmp_path, [made_up_text()], tokens=tokens)  # what is built once
        tracemalloc.start()
        vectorized(tmp_path, [text], tokens=tokens)
        peaks.append(tracemalloc.get_traced_memory()[1] - 6 * length)  # the text of the test, its ids read again
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


@pytest.mark.parametrize(
    ("num_characters", "values", "message"),
    [
        (
            95,
            {"validation_fraction": 0.1},
            "vectorize.window_length is too long for this corpus of 95 characters. Received: 60. The training and the "
            "validation part each need a window and the token after it, 61 characters, so the corpus needs 122. "
            "Shorten the window to at most 46 or add text.",
        ),
        (
            130,
            {"validation_fraction": 0.1},
            "vectorize.validation_fraction must be from 0.47 to 0.53 for this corpus of 130 characters. "
            "Received: 0.1, which leaves 117 for training and 13 for validation. The training and the validation part "
            "each need a window and the token after it, 61 characters, so the corpus needs 122.",
        ),
        (
            122,
            {"validation_fraction": 0.9},
            "vectorize.validation_fraction must be 0.5 for this corpus of 122 characters. Received: 0.9, which leaves "
            "13 for training and 109 for validation. The training and the validation part each need a window and the "
            "token after it, 61 characters, so the corpus needs 122.",
        ),
    ],
)
def test_a_text_too_short_is_told_what_fits(
    num_characters: int, values: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as error:
        vectorized(tmp_path, [made_up_text(num_characters)], window_length=60, **values)
    assert str(error.value) == f"params.yaml: {message}"
    assert not (tmp_path / "ids.npy").exists()


@given(num_characters=st.integers(1, 300), window_length=st.integers(1, 60), fraction=st.floats(0.001, 0.999))
def test_the_advice_about_a_short_text_helps(num_characters: int, window_length: int, fraction: float) -> None:
    def check(window_length: int, fraction: float) -> str:
        held_out = int(num_characters * fraction)
        try:
            vectorize.check_length(settings(window_length=window_length), num_characters - held_out, held_out)
        except UserError as error:
            return str(error)
        return ""

    message = check(window_length, fraction)
    if "Shorten the window to at most " in message:
        assert check(int(message.split("at most ")[1].split()[0]), 0.5) == ""
    elif " must be from " in message:
        lowest, _, highest = message.split("must be from ")[1].split(" for ")[0].split()
        assert check(window_length, float(lowest)) == check(window_length, float(highest)) == ""
    elif "must be 0.5" in message:
        assert check(window_length, 0.5) == ""


def run_stages(project: Project, **values: Any) -> str:
    project.set_params("vectorize", **values)
    for stage in ("download", "lowercase"):
        project.run(*command(project, stage))
    return project.run(*command(project, "vectorize"))


def test_the_stage_tells_counts_that_add_up(project: Project) -> None:
    assert run_stages(project) == (
        f"3,000 characters, {len(set(made_up_text().lower()))} distinct\n"
        "windows: 897 for training, 97 for validation, which is cut off first\n"
        "Uncut, the text has 997: the other 3 lie across the cut.\n"
    )


def test_the_stage_tells_how_many_words_there_are(project: Project) -> None:
    printed = run_stages(project, tokens="words", max_vocabulary=5)
    plan = json.loads(project.read("data/windows/plan.json"))
    characters = len(set(made_up_text().lower()))
    assert printed.startswith(f"3,000 characters as {plan['num_tokens']:,} tokens, {characters + 5} distinct\n")


def test_a_corpus_of_another_length_than_noted_is_refused(project: Project) -> None:
    run_stages(project)
    for change in (b"a", b""):
        (project.path / "data" / "corpus.txt").write_bytes(made_up_text().encode() * 2 * len(change))
        printed = project.run(*command(project, "vectorize"), status=1)
        assert printed.endswith(
            "data/corpus.txt: its length is not the one that lowercase noted. Run `dvc repro` to make it again.\n"
        )
