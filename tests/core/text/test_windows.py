"""Windows as views against the loop that copies them, and the folder they are read from."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stages.core.pipeline.errors import UserError
from stages.core.text import windows as windows_module
from stages.core.text.bytes_ import Bytes
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData, WindowPlan, num_windows, read_windows, windows, write_plan
from stages.core.text.words import Words

texts = st.text("abä\n\U0001f600", max_size=40)
lengths = st.integers(1, 12)


def one_hot_by_loop(text: str, maxlen: int, step: int, characters: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The windows x (n, maxlen, V) and the characters after them y (n, V), cut and marked one by one."""
    sentences, next_chars = [], []
    for i in range(0, len(text) - maxlen, step):
        sentences.append(text[i : i + maxlen])
        next_chars.append(text[i + maxlen])
    x = np.zeros((len(sentences), maxlen, len(characters)), np.bool_)
    y = np.zeros((len(sentences), len(characters)), np.bool_)
    for i, sentence in enumerate(sentences):
        for t, character in enumerate(sentence):
            x[i, t, characters.index(character)] = True
        y[i, characters.index(next_chars[i])] = True
    return x, y


def one_hot(ids: NDArray[np.uint8], tokenizer: Characters) -> NDArray[np.bool_]:
    return np.eye(tokenizer.size, dtype=np.bool_)[ids]


@given(text=texts, window_length=lengths, stride=lengths)
@example(text="", window_length=1, stride=1)
@example(text="ab", window_length=2, stride=1)
@example(text="aba", window_length=2, stride=5)
def test_views_expanded_are_what_the_loop_copies(text: str, window_length: int, stride: int) -> None:
    tokenizer = Characters.of(text)
    x, y = one_hot_by_loop(text, window_length, stride, tokenizer.characters)
    seen, following = windows(tokenizer.encode(text), window_length, stride)
    assert np.array_equal(one_hot(seen, tokenizer), x)
    assert np.array_equal(one_hot(following, tokenizer), y)
    assert num_windows(len(text), window_length, stride) == len(x)


@given(text=texts, window_length=lengths, stride=lengths, part=st.integers(0, 40))
def test_each_part_is_cut_as_a_text_of_its_own(text: str, window_length: int, stride: int, part: int) -> None:
    tokenizer = Characters.of(text)
    plan = WindowPlan(
        window_length=window_length,
        stride=stride,
        num_characters=len(text),
        num_validation_characters=min(part, len(text)),
    )
    data = WindowData(tokenizer.encode(text), tokenizer, plan)
    cut = len(text) - plan.num_validation_characters
    for (seen, following), count, half in (
        (data.training, plan.num_training_windows, text[:cut]),
        (data.validation, plan.num_validation_windows, text[cut:]),
    ):
        x, y = one_hot_by_loop(half, window_length, stride, tokenizer.characters)
        assert np.array_equal(one_hot(seen, tokenizer), x)
        assert np.array_equal(one_hot(following, tokenizer), y)
        assert count == len(seen) == len(following) == len(x)


def test_counts_of_the_default_corpus() -> None:
    sizes = {"window_length": 60, "stride": 3, "num_characters": 600_893}
    whole = WindowPlan(**sizes, num_validation_characters=0)
    plan = WindowPlan(**sizes, num_validation_characters=60_089)
    assert whole.num_training_windows == 200_278
    assert (plan.num_training_windows, plan.num_validation_windows) == (180_248, 20_010)


def test_windows_are_views_that_cannot_be_written() -> None:
    ids = np.zeros(1000, np.uint8)
    seen, following = windows(ids, 60, 3)
    assert np.shares_memory(seen, ids)
    assert np.shares_memory(following, ids)
    assert not seen.flags.writeable
    assert not following.flags.writeable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound folder of windows of "abcabcabca"."""
    tokenizer = Characters("abc")
    np.save(tmp_path / "ids.npy", tokenizer.encode("abcabcabca"))
    plan = WindowPlan(window_length=2, stride=1, num_characters=10, num_validation_characters=4)
    write_plan(tmp_path, tokenizer, plan)
    return tmp_path


def test_ids_stay_on_disk(folder: Path) -> None:
    data = read_windows(folder)
    assert isinstance(data.ids, np.memmap)
    assert data.ids.dtype == np.uint8
    assert data.tokenizer.decode(data.ids) == "abcabcabca"
    assert (data.plan.num_training_windows, data.plan.num_validation_windows) == (4, 2)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    sizes = {"window_length": 2, "stride": 1, "num_characters": 10, "num_validation_characters": 4}
    as_characters, as_others = WindowPlan(**sizes), WindowPlan(**sizes, num_tokens=7, num_validation_tokens=3)
    assert as_characters.to_json() == sizes
    assert WindowPlan(**as_characters.to_json()) == as_characters
    assert WindowPlan(**as_others.to_json()) == as_others
    assert (as_others.num_training_tokens, as_others.num_training_characters) == (4, 6)
    assert (as_others.num_training_windows, as_others.num_validation_windows) == (2, 1)


@pytest.mark.parametrize("counted_at_once", [1, 2, 1000])
def test_characters_are_counted_in_ids_of_any_shape(counted_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_module, "COUNTED_AT_ONCE", counted_at_once)
    text = "der bär in der bärenhöhle"
    plan = WindowPlan(window_length=2, stride=1, num_characters=len(text), num_validation_characters=0)
    for tokenizer in (Characters.of(text), Words("".join(sorted(set(text))), ("der", "bär")), Bytes(text.encode())):
        ids = tokenizer.encode(text)
        data = WindowData(ids, tokenizer, plan)
        assert data.num_characters(ids) == len(text)
        assert data.num_characters(ids[:0]) == 0
        assert data.num_characters(np.stack([ids, ids])) == 2 * len(text)


def put(name: str, content: bytes) -> Callable[[Path], None]:
    def written(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return written


def save(ids: NDArray[np.generic]) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / "ids.npy", ids)


def change_plan(**values: object) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        plan = json.loads((folder / "plan.json").read_text(encoding="utf-8")) | values
        (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")

    return changed


def header(text: str) -> Callable[[Path], None]:
    """Ten ids under a header that NumPy did not write."""
    line = text.encode().ljust(117) + b"\n"
    return put("ids.npy", b"\x93NUMPY\x01\x00" + len(line).to_bytes(2, "little") + line + bytes(10))


def pipe(name: str) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return made


def link(name: str, target: str) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(target)

    return made


def header_of(description: str, shape: str = "(10,)") -> Callable[[Path], None]:
    return header(f"{{'descr': {description}, 'fortran_order': False, 'shape': {shape}, }}")


OTHER_LENGTH = "it has another length or type than plan.json and tokenizer.json say"
OTHER_CUT = "it has another number of characters than plan.json says"
NO_WINDOW = "plan.json leaves no window for training or none for validation"
DEEP = 100_000


@pytest.mark.parametrize(
    ("damage", "name", "reason"),
    [
        (put("ids.npy", b""), "ids.npy", OTHER_LENGTH),
        (put("ids.npy", b"no array"), "ids.npy", OTHER_LENGTH),
        (put("ids.npy", b"PK\x03\x04"), "ids.npy", OTHER_LENGTH),
        (save(np.array([{}] * 10, object)), "ids.npy", OTHER_LENGTH),
        (save(np.zeros(9, np.uint8)), "ids.npy", OTHER_LENGTH),
        (save(np.zeros((10, 1), np.uint8)), "ids.npy", OTHER_LENGTH),
        (save(np.zeros(10, np.int64)), "ids.npy", OTHER_LENGTH),
        (save(np.zeros(10, np.float32)), "ids.npy", OTHER_LENGTH),
        (save(np.full(10, 3, np.uint8)), "ids.npy", "it has an id that is not in tokenizer.json"),
        (header_of("'|V0'"), "ids.npy", OTHER_LENGTH),  # NumPy divides by the size of a token
        (header_of("'|u1'", "(10000000000000000000000000,)"), "ids.npy", OTHER_LENGTH),
        (header_of("'|u1'", "(-1,)"), "ids.npy", OTHER_LENGTH),
        (header_of("'|u1'", "(10000,)"), "ids.npy", OTHER_LENGTH),
        (header_of("'|u1'", "(" * 90), "ids.npy", OTHER_LENGTH),
        (header_of("None"), "ids.npy", OTHER_LENGTH),
        (pipe("ids.npy"), "ids.npy", "not a file"),
        (link("ids.npy", "/dev/zero"), "ids.npy", "not a file"),
        (put("tokenizer.json", b"{"), "tokenizer.json", ""),
        (put("tokenizer.json", b"\xff"), "tokenizer.json", ""),
        (put("tokenizer.json", b"[]"), "tokenizer.json", ""),
        (put("tokenizer.json", b"[" * DEEP), "tokenizer.json", ""),
        (put("tokenizer.json", b'{"tokens":' * DEEP), "tokenizer.json", ""),
        (put("tokenizer.json", b"9" * DEEP), "tokenizer.json", ""),
        (pipe("tokenizer.json"), "tokenizer.json", "not a file"),
        (link("tokenizer.json", "/dev/zero"), "tokenizer.json", "not a file"),
        (put("tokenizer.json", b"{}"), "tokenizer.json", "tokens must be one of characters, words, bytes"),
        (put("tokenizer.json", b'{"tokens": []}'), "tokenizer.json", ""),
        (
            put("tokenizer.json", b'{"tokens": "characters"}'),
            "tokenizer.json",
            "it must have the keys tokens, characters",
        ),
        (
            put("tokenizer.json", b'{"tokens": "characters", "characters": "ba"}'),
            "tokenizer.json",
            "characters must be sorted and distinct",
        ),
        (
            put("tokenizer.json", b'{"tokens": "characters", "characters": "ab\\ud800"}'),
            "tokenizer.json",
            "'utf-8' codec can't encode character",
        ),
        (put("plan.json", b"{}"), "plan.json", ""),
        (put("plan.json", b"3"), "plan.json", ""),
        (put("plan.json", b"[" * DEEP), "plan.json", ""),
        (pipe("plan.json"), "plan.json", "not a file"),
        (change_plan(steps=1), "plan.json", ""),
        (change_plan(num_characters=11), "ids.npy", OTHER_LENGTH),
        (change_plan(num_characters=10**30), "ids.npy", OTHER_LENGTH),
        (change_plan(stride="1"), "plan.json", "a plan has integers only"),
        (change_plan(stride=True), "plan.json", "a plan has integers only"),
        (change_plan(stride=0), "plan.json", "window_length and stride must be >= 1"),
        (change_plan(window_length=-1), "plan.json", "window_length and stride must be >= 1"),
        (change_plan(window_length=10**30), "ids.npy", NO_WINDOW),
        (change_plan(num_validation_characters=0), "ids.npy", NO_WINDOW),
        (change_plan(num_tokens=9, num_validation_tokens=4), "ids.npy", OTHER_LENGTH),
        (change_plan(num_tokens=10, num_validation_tokens=4, num_characters=10**400), "ids.npy", OTHER_CUT),
        (change_plan(num_tokens=10, num_validation_tokens=5), "ids.npy", OTHER_CUT),
        (
            change_plan(num_tokens=10, num_validation_tokens=11),
            "plan.json",
            "num_validation_tokens must be from 0 to num_tokens",
        ),
        (change_plan(num_tokens=10), "plan.json", "num_validation_tokens must be from 0 to num_tokens"),
        (
            change_plan(num_validation_characters=11),
            "plan.json",
            "num_validation_characters must be from 0 to num_characters",
        ),
    ],
)
def test_damage_is_told_with_what_to_do(damage: Callable[[Path], None], name: str, reason: str, folder: Path) -> None:
    damage(folder)
    with pytest.raises(UserError) as error:
        read_windows(folder)
    message = str(error.value)
    assert message.startswith(f"{folder / name}: damaged ({reason}")
    assert message.endswith("). Run `dvc checkout`, or `dvc repro` to make it again.")
    assert "\n" not in message
    assert len(message) < 500


@given(content=st.binary(max_size=200), start=st.sampled_from([b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00v\x00"]))
def test_no_bytes_in_place_of_the_ids_get_by(
    content: bytes, start: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("windows")
    write_plan(
        folder, Characters("abc"), WindowPlan(window_length=2, stride=1, num_characters=10, num_validation_characters=4)
    )
    (folder / "ids.npy").write_bytes(start + content)
    with pytest.raises(UserError, match="damaged"):
        read_windows(folder)
