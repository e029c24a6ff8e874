"""Damaged folders of weights: one message each, and nothing that a file says reaches compiled code unchecked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.errors import UserError
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData, WindowPlan
from tests.support.networks import description, random_network, write_model

NETWORK = random_network(description(num_layers=2))
KERNEL = "layers/character_lstm/cell/vars/0"
BIAS = "layers/dense/vars/1"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=5,
)


@pytest.fixture
def models(tmp_path: Path) -> ModelFolder:
    """A sound folder."""
    return write_model(tmp_path, NETWORK)


def message(models: ModelFolder) -> str:
    with pytest.raises(UserError) as refused:
        models.network(1)
    assert str(refused.value).endswith("Run `dvc checkout`, or `dvc repro` to make it again.")
    return str(refused.value)


def test_a_sound_folder_is_read_as_it_was_written(models: ModelFolder) -> None:
    read = models.network(1)
    assert read.description == NETWORK.description
    assert all(np.array_equal(read.weights[name], array) for name, array in NETWORK.weights.items())


Edit = Callable[[Any], Any]
HUGE, DEEP = 1 << 24, "[" * 100_000


def put(**values: Any) -> Edit:
    return lambda content: content | values


def setting(**values: Any) -> Edit:
    return lambda content: content | {"settings": content["settings"] | values}


CONTENTS: list[tuple[Edit, str]] = [
    (put(window_length=0), "window_length must be an integer from 1 to 1048576"),
    (put(window_length=-5), "window_length must be an integer from 1 to 1048576"),
    (put(window_length="60"), "window_length must be an integer from 1 to 1048576"),
    (put(window_length=60.5), "window_length must be an integer from 1 to 1048576"),
    (put(window_length=True), "window_length must be an integer from 1 to 1048576"),
    (put(window_length=HUGE), "window_length must be an integer from 1 to 1048576"),
    (put(num_weights=1), "num_weights is not what its settings and tokens give"),
    (setting(units=6), "num_weights is not what its settings and tokens give"),
    (setting(units=None), "settings.units must be an integer from 1 to 65536"),
    (setting(num_layers=HUGE), "settings.num_layers must be an integer from 1 to 65536"),
    (setting(width=1), "settings of lstm must be units, num_layers"),
    (put(kind="rnn"), "kind must be lstm"),
    (put(kind=["lstm"]), "kind must be lstm"),
    (put(kind={}), "kind must be lstm"),
    (put(targets=["last"]), "targets must be last, every"),
    (put(carries_state=True), "targets must be every, to carry a state"),
    (put(carries_state=1), "targets must be every, to carry a state"),
    (put(settings=[]), "settings must be a mapping"),
    (put(tokenizer=None), "tokens must be one of"),
    (put(tokenizer={"tokens": ["characters"]}), "tokens must be one of"),
    (put(tokenizer={"tokens": "characters", "characters": None}), "characters must be a string, not empty"),
    (put(tokenizer={"tokens": "characters", "characters": list("ab")}), "characters must be a string, not empty"),
    (put(more=1), "it must have the keys"),
    (lambda content: [content], "it must have the keys"),
    (lambda content: 3, "it must have the keys"),
]


@pytest.mark.parametrize(("edit", "reason"), CONTENTS)
def test_a_wrong_description_is_one_message(edit: Edit, reason: str, models: ModelFolder) -> None:
    path = models.path / "network.json"
    path.write_text(json.dumps(edit(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    assert message(models).startswith(f"{path}: damaged ({reason}")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", DEEP.encode(), b'{"kind": ' + b"9" * 5000 + b"}"])
def test_what_is_no_json_is_one_message(content: bytes, models: ModelFolder) -> None:
    path = models.path / "network.json"
    path.write_bytes(content)
    assert message(models).startswith(f"{path}: damaged (")


@pytest.mark.parametrize("num_more", [1, 100, 20_000])
def test_more_tokens_than_the_weights_have_are_refused(num_more: int, models: ModelFolder) -> None:
    """Compiled code would read beside the weights."""
    characters = "".join(map(chr, range(97, 104 + num_more)))
    other = random_network(description(characters=characters, num_layers=2))
    models.write_description(other.description)
    assert "must be float32" in message(models)


def replaced(place: str, make: Callable[[Any, str], None]) -> Callable[[Any], None]:
    def edit(file: Any) -> None:
        del file[place]
        make(file, place)

    return edit


def dataset(**options: Any) -> Callable[[Any, str], None]:
    return lambda file, place: file.create_dataset(place, **options)


SHAPE = NETWORK.weights["kernel"].shape
FILES: list[tuple[Callable[[Any], None], str]] = [
    (replaced(KERNEL, dataset(data=np.ones(SHAPE, np.float64))), "must be float32 (7, 20); it is float64 (7, 20)"),
    (replaced(KERNEL, dataset(data=np.ones(SHAPE, np.int32))), "must be float32 (7, 20); it is int32 (7, 20)"),
    (replaced(KERNEL, dataset(data=np.ones(SHAPE, ">f4"))), "must be float32 (7, 20); it is >f4 (7, 20)"),
    (replaced(KERNEL, dataset(data=np.ones((8, 20), np.float32))), "must be float32 (7, 20); it is float32 (8, 20)"),
    (replaced(KERNEL, dataset(shape=SHAPE, dtype=h5py.string_dtype())), "must be float32 (7, 20); it is object"),
    (replaced(KERNEL, dataset(shape=(1 << 20, 1 << 20), dtype="f4", chunks=(8, 8))), "must be float32 (7, 20)"),
    (replaced(KERNEL, dataset(shape=SHAPE, dtype="f4", compression="gzip")), "must be stored in one piece"),
    (replaced(KERNEL, dataset(shape=SHAPE, dtype="f4")), "must be stored in one piece"),
    (replaced(KERNEL, dataset(shape=SHAPE, dtype="f4", external="/dev/zero")), "must be stored in one piece"),
    (replaced(KERNEL, lambda file, place: file.create_group(place)), "must be an array"),
    (replaced(KERNEL, lambda file, place: None), "is missing"),
    (replaced("layers/dense", dataset(data=1.0)), "layers/dense must be a group"),
    (replaced("layers", lambda file, place: None), "is missing"),
    (replaced(BIAS, dataset(data=np.ones(1, np.float32))), "must be float32 (7,); it is float32 (1,)"),
    (replaced(BIAS, dataset(data=np.full(7, np.nan, np.float32))), "holds NaN or infinity"),
    (replaced(BIAS, dataset(data=np.full(7, -np.inf, np.float32))), "holds NaN or infinity"),
]


@pytest.mark.parametrize(("edit", "reason"), FILES)
def test_a_wrong_file_of_weights_is_one_message(edit: Callable[[Any], None], reason: str, models: ModelFolder) -> None:
    path = models.weights_path(1)
    with h5py.File(path, "r+") as file:
        edit(file)
    received = message(models)
    assert received.startswith(f"{path}: not a readable file of weights of this network (")
    assert reason in received


@pytest.mark.parametrize("link", [h5py.SoftLink("/elsewhere"), h5py.ExternalLink("other.h5", "/")])
@pytest.mark.parametrize("place", [KERNEL, "layers/dense", "layers"])
def test_links_are_not_followed(link: Any, place: str, models: ModelFolder) -> None:
    with h5py.File(models.weights_path(1), "r+") as file:
        file.move(place, "elsewhere")
        file[place] = link
    assert f"{place} must not be a link" in message(models)


@pytest.mark.parametrize("length", [0, 1, 100, 2000])
def test_a_file_cut_short_is_one_message(length: int, models: ModelFolder) -> None:
    path = models.weights_path(1)
    path.write_bytes(path.read_bytes()[:length])
    assert message(models).startswith(f"{path}: not a readable file of weights")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_any_damage_is_a_message_or_harmless(data: st.DataObject, models: ModelFolder) -> None:
    """A value of network.json or a byte of the weights is replaced: it is refused, or the network still runs."""
    write_model(models.path, NETWORK)
    if data.draw(st.booleans()):
        path = models.path / "network.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        inside = data.draw(st.sampled_from([content, content["settings"], content["tokenizer"]]))
        inside[data.draw(st.sampled_from(sorted(inside)))] = data.draw(JSON)
        path.write_text(json.dumps(content), encoding="utf-8")
    else:
        path = models.weights_path(1)
        damaged = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(damaged)
    try:
        network = models.network(1)
    except UserError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert network.stepper(2)(np.array([0, network.tokenizer.size - 1])).shape == (2, network.tokenizer.size)


def text(characters: str, window_length: int) -> WindowData:
    tokenizer = Characters(characters)
    plan = WindowPlan(window_length=window_length, stride=1, num_characters=30, num_validation_characters=9)
    return WindowData(np.zeros(30, np.uint8), tokenizer, plan)


@pytest.mark.parametrize(
    ("data", "windows_sha256", "differs"),
    [
        (text("abcdefgh", 6), "1" * 64, "has other tokens"),
        (text("abcdefg", 7), "1" * 64, "has windows of 6 tokens, not 7"),
        (text("abcdefg", 6), "2" * 64, "was trained on another text"),
    ],
)
def test_weights_of_another_text_are_refused(
    data: WindowData, windows_sha256: str, differs: str, models: ModelFolder
) -> None:
    with pytest.raises(UserError) as refused:
        models.require_text(Path("data/windows"), data, windows_sha256)
    assert str(refused.value) == (
        f"{models.path / 'network.json'}: it does not belong to data/windows: it {differs}. Run `dvc repro` to train "
        "on this text, or `dvc checkout` to restore both."
    )


def test_weights_of_this_text_are_accepted(models: ModelFolder) -> None:
    models.require_text(Path("data/windows"), text("abcdefg", 6), "1" * 64)


def test_epochs_are_files_from_1_on(models: ModelFolder) -> None:
    for name in ("000.weights.h5", "002.weights.h5", "2.weights.h5", "003.weights.h5.partial", "x03.weights.h5"):
        (models.path / "epochs" / name).touch()
    (models.path / "epochs" / "003.weights.h5").mkdir()
    assert models.epochs() == models.all_epochs() == [1, 2]


@pytest.mark.parametrize(("removed", "missing"), [(1, 1), (2, 2)])
def test_a_gap_between_epochs_is_refused(removed: int, missing: int, models: ModelFolder) -> None:
    for epoch in (2, 3):
        models.weights_path(epoch).touch()
    models.weights_path(removed).unlink()
    with pytest.raises(UserError) as refused:
        models.all_epochs()
    assert str(refused.value).startswith(f"{models.weights_path(missing)} does not exist.")


def test_no_epochs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"001\.weights\.h5 does not exist\. Run `dvc checkout`"):
        ModelFolder(tmp_path).all_epochs()
