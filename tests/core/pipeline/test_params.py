"""Every key of params.yaml: what it must be, in one message that names it."""

import copy
import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from stages.core.networks.table import NETWORKS
from stages.core.pipeline import params, rules
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import SECTIONS
from tests.support.failing_stage import message_of
from tests.support.project import Project, default_params

REPOSITORY_PARAMS = default_params()
REPOSITORY_VALUES = YAML(typ="safe").load(REPOSITORY_PARAMS)
HASH = "0" * 64
FILE = {"name": "a.txt", "sha256": None, "sources": ["a.txt"]}
SEED = ("an integer from 0 to 4294967295", [0, 4294967295], [-1, 4294967296, 0.0, "0"])
FROM_1 = ("an integer >= 1", [1, 10**12], [0, -1, 1.5, 1.0, "1"])
CHARACTERS = ("an integer from 1 to 10000000", [1, 10**7], [0, 10**7 + 1, 400.0, "1"])
POSITIVE = ("a finite number > 0", [1, 1e-300], [0, -1, 0.0, math.inf, 10**400, "1"])
SECONDS = ("a number of seconds > 0, at most 86400", [1, 0.5, 86400], [0, -1, 86401, math.inf])
FRACTION = ("a number between 0 and 1, both excluded", [0.5, 1e-9], [0, 1, 0.0, 1.0, -0.1, "0.5"])
TEMPERATURES = (
    "a list, not empty and without repetition, of numbers >= 0 (0 is greedy, .inf is uniform)",
    [[0], [0.2, 1, math.inf]],
    [[], 1.0, [-0.1], [1, 1.0], [0.2, math.nan], [True], ["1"], {0.2: 1}, [10**400]],
)
# key: the words after "must be", values that are accepted, values that are not
RULES: dict[str, tuple[str, list[Any], list[Any]]] = {
    "download.files": (
        "a list, not empty, of mappings name, sha256, sources",
        [[FILE], [FILE, FILE | {"name": "b.txt"}]],
        [[], "nietzsche.txt", FILE],
    ),
    "download.timeout_seconds": SECONDS,
    "download.max_seconds": SECONDS,
    "download.retries": ("an integer >= 0", [0, 5], [-1, 0.5, "2"]),
    "lowercase.encoding": (
        "the name of a text encoding that Python knows",
        ["utf-8", "latin-1", "UTF-16", "cp1252"],
        ["utf-9", "", "base64", "rot13", "undefined", "utf-8\0", 8, ["utf-8"]],
    ),
    "lowercase.lower_case": ("true or false", [True, False], [0, 1, "true"]),
    "vectorize.tokens": (
        "one of characters, words, bytes",
        ["characters", "words", "bytes"],
        ["Words", "", 1, ["words"]],
    ),
    "vectorize.max_vocabulary": ("an integer from 1 to 1000000", [1, 10**6], [0, 10**6 + 1, 1.5, "1"]),
    "vectorize.window_length": FROM_1,
    "vectorize.stride": FROM_1,
    "vectorize.validation_fraction": FRACTION,
    "train.random_seed": SEED,
    "train.epochs": ("an integer from 1 to 999", [1, 999], [0, 1000, 60.0, "60"]),
    "train.network": (f"one of {', '.join(NETWORKS)}", list(NETWORKS), ["LSTM", "", 1, ["lstm"]]),
    "train.num_layers": ("an integer from 1 to 32", [1, 32], [0, 33, 1.0, "1"]),
    "train.units": ("an integer from 1 to 4096", [1, 4096], [0, 4097, -1, 1.5, "1"]),
    "train.dropout": ("a number >= 0 and < 1", [0, 0.5], [-0.1, 1, math.nan, "0"]),
    "train.weight_dropout": ("a number >= 0 and < 1", [0, 0.5], [-0.1, 1, math.nan, "0"]),
    "train.targets": ("one of last, every", ["last", "every"], ["Last", "", 1, ["last"]]),
    "train.carry_state": ("true or false", [False], [0, 1, "true"]),
    "train.batch_size": ("an integer from 1 to 65536", [1, 65536], [0, 65537, -1, 1.5, "1"]),
    "train.shards": ("a power of two from 1 to 64", [1, 2, 64], [0, 3, 128, True, 1.0, "2"]),
    "train.optimizer": ("one of rmsprop, adamw", ["rmsprop", "adamw"], ["Adam", "", 1, ["adamw"]]),
    "train.learning_rate": POSITIVE,
    "train.schedule": ("one of constant, one_cycle", ["constant", "one_cycle"], ["cosine", "", 1, ["constant"]]),
    "train.weight_decay": ("a finite number >= 0", [0, 0.0], [-0.1, math.inf, "0"]),
    "train.ema_decay": ("null or a number between 0 and 1, both excluded", [None, 0.999], [0, 1, "0.9"]),
    "train.clip_norm": ("null or a finite number > 0", [None, 1], [0, -1, math.inf, "1"]),
    "train.lstm_backend": ("one of auto, keras, compiled", ["auto", "keras", "compiled"], ["Auto", "", 1, ["auto"]]),
    "train.divergence_margin_nats": ("null or a finite number > 0", [None, 0.25], [0, -1, math.inf, "1"]),
    "train.rollback_learning_rate_factor": FRACTION,
    "train.max_rollbacks": FROM_1,
    "train.early_stopping_epochs": ("null or an integer >= 1", [None, 1, 10], [0, -1, 1.5, "1"]),
    "sample.random_seed": SEED,
    "sample.temperatures": TEMPERATURES,
    "sample.length": CHARACTERS,
    "sample.prompts": (
        "null or a list, not empty and without repetition, of strings, none empty",
        [None, ["a"], ["a", "b"]],
        [[], "a", [""], ["a", "a"], [1], [None]],
    ),
    "evaluate.random_seed": SEED,
    "evaluate.score_length": CHARACTERS,
    "evaluate.max_ngram_order": ("an integer from 1 to 6", [1, 6], [0, 7, 2.0, "3"]),
    "report.random_seed": SEED,
    "report.prompt": ("null or a string, not empty", [None, "a"], ["", 1, ["a"]]),
    "report.prompt_epochs": (
        "a list, not empty and without repetition, of integers >= 1",
        [[1], [60, 1]],
        [[], 1, [0], [1, 1], [1.0], [True], ["1"]],
    ),
    "report.distribution_temperatures": TEMPERATURES,
    "report.copied_passage_length": FROM_1,
}
FILE_RULES: dict[str, tuple[str, list[Any], list[Any]]] = {
    "name": (
        "the name of a file, without folders, that does not begin with .partial.",
        ["a.txt", "é", ".a", ".partial"],
        [".partial.x", "", ".", "..", "a/b", "/a", "a/", "a\\b", "a\0b", 1, None, ["a"]],
    ),
    "sha256": ("null or 64 hexadecimal digits", [None, HASH], ["", HASH[1:], HASH + "0", "g" * 64, "A" * 64, 64]),
    "sources": (
        "a list, not empty and without repetition, of URLs or paths outside of data/raw, which is emptied first",
        [["a"], ["http://localhost/a", "a"], ["data/rawer/a"]],
        [["data/raw/a"], ["a", "./data/../data/raw/b/c"], ["a\0"], [], "a", [""], [1], ["a", "a"], None],
    ),
}
WRONG_FOR_ALL: list[Any] = [math.nan, {}, {"a": 1}, [[]]]


def broken(rules: dict[str, tuple[str, list[Any], list[Any]]]) -> list[tuple[str, str, Any]]:
    """Every key with its requirement and each value against it, those among them that no key takes."""
    cases = []
    for key, (requirement, accepted, refused) in rules.items():
        others: list[Any] = [None] if not requirement.startswith("null") and None not in refused else []
        others += [True] if True not in accepted and True not in refused else []
        wrong = [value for value in WRONG_FOR_ALL if not (key == "download.files" and value == [[]])]
        cases += [(key, requirement, value) for value in [*refused, *others, *wrong]]
    return cases


def all_keys() -> list[str]:
    return [f"{name}.{field.name}" for name, section in SECTIONS.items() for field in dataclasses.fields(section)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def repository_params() -> Any:
    return copy.deepcopy(REPOSITORY_VALUES)


def write(values: Any) -> None:
    YAML(typ="safe").dump(values, Path("params.yaml"))


def write_text(text: str) -> None:
    Path("params.yaml").write_text(text, encoding="utf-8")


def message_about(section: str) -> str:
    with pytest.raises(UserError) as error:
        params.load(SECTIONS[section])
    return str(error.value)


def test_every_key_is_in_the_table_and_in_params_yaml() -> None:
    assert list(RULES) == all_keys()
    assert [f"{name}.{key}" for name, section in repository_params().items() for key in section] == all_keys()
    assert list(FILE_RULES) == [field.name for field in dataclasses.fields(params.CorpusFile)]


@pytest.mark.parametrize("section", SECTIONS)
def test_params_yaml_of_this_repository_loads(section: str, folder: Path) -> None:
    write_text(REPOSITORY_PARAMS)
    loaded: Any = params.load(SECTIONS[section])
    for key, value in repository_params()[section].items():
        if key != "files":
            assert getattr(loaded, key) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(("key", "requirement", "value"), broken(RULES))
def test_a_value_against_its_rule_is_named_with_the_rule(key: str, requirement: str, value: Any, folder: Path) -> None:
    values = repository_params()
    section, name = key.split(".")
    values[section][name] = value
    write(values)
    received = f"Received: {value!r} (of type {type(value).__name__})."
    assert message_about(section) == f"params.yaml: {key} must be {requirement}. {received}"


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, (_, good, _) in RULES.items() for value in good])
def test_a_value_within_its_rule_is_kept(key: str, value: Any, folder: Path) -> None:
    values = repository_params()
    section, name = key.split(".")
    values[section][name] = value
    write(values)
    loaded = getattr(params.load(SECTIONS[section]), name)
    if key == "download.files":
        assert [file.name for file in loaded] == [file["name"] for file in value]
    else:
        assert loaded == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(("key", "requirement", "value"), broken(FILE_RULES))
def test_a_file_of_the_list_is_named_by_its_place(key: str, requirement: str, value: Any, folder: Path) -> None:
    values = repository_params()
    values["download"]["files"] = [FILE, FILE | {"name": "b.txt", key: value}]
    write(values)
    received = f"Received: {value!r} (of type {type(value).__name__})."
    assert message_about("download") == f"params.yaml: download.files[1].{key} must be {requirement}. {received}"


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, (_, good, _) in FILE_RULES.items() for value in good])
def test_a_file_within_its_rules_is_kept(key: str, value: Any, folder: Path) -> None:
    values = repository_params()
    values["download"]["files"] = [FILE | {key: value}]
    write(values)
    (file,) = params.load(params.DownloadParams).files
    assert getattr(file, key) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("key", FILE_RULES)
def test_a_key_missing_in_a_file_of_the_list_is_named(key: str, folder: Path) -> None:
    values = repository_params()
    values["download"]["files"] = [{k: v for k, v in FILE.items() if k != key}]
    write(values)
    assert message_about("download") == (
        f"params.yaml: download.files[0].{key} is missing. Add it as stages/README.md describes."
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([FILE, 5], "download.files[1] must be a mapping with the keys name, sha256, sources. Received: 5."),
        (
            [FILE | {"hash": None}],
            "download.files[0].hash is not a known key. Remove or correct it. Known: name, sha256, sources.",
        ),
        (
            [FILE, FILE],
            "download.files[1].name must be different from the others. Received: 'a.txt' twice. Rename one of them.",
        ),
    ],
)
def test_a_wrong_entry_in_the_list_of_files_is_named(files: list[Any], message: str, folder: Path) -> None:
    values = repository_params()
    values["download"]["files"] = files
    write(values)
    assert message_about("download") == f"params.yaml: {message}"


@pytest.mark.parametrize("key", all_keys())
def test_a_missing_key_is_named(key: str, folder: Path) -> None:
    values = repository_params()
    section, name = key.split(".")
    del values[section][name]
    write(values)
    assert message_about(section) == f"params.yaml: {key} is missing. Add it as stages/README.md describes."


@pytest.mark.parametrize("section", SECTIONS)
def test_an_unknown_key_is_named_with_the_known_ones(section: str, folder: Path) -> None:
    values = repository_params()
    known = ", ".join(values[section])
    values[section]["learningrate"] = 1
    write(values)
    assert message_about(section) == (
        f"params.yaml: {section}.learningrate is not a known key. Remove or correct it. Known: {known}."
    )


@pytest.mark.parametrize("section", SECTIONS)
def test_a_missing_section_stops_every_stage(section: str, folder: Path) -> None:
    values = repository_params()
    del values[section]
    write(values)
    messages = {message_about(each) for each in SECTIONS}
    assert messages == {f"params.yaml: {section} is missing. Add it as stages/README.md describes."}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("value", [None, 3, "text", ["a"]])
def test_a_section_must_be_a_mapping(section: str, value: Any, folder: Path) -> None:
    values = repository_params()
    keys = ", ".join(values[section])
    values[section] = value
    write(values)
    assert message_about(section) == (
        f"params.yaml: {section} must be a mapping with the keys {keys}. Received: {value!r}."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (REPOSITORY_PARAMS + "\ntrian:\n  epochs: 1\n", "params.yaml: trian is not a known key."),
        (REPOSITORY_PARAMS.replace("\ntrain:", "\ntrian:"), "params.yaml: trian is not a known key."),
        (REPOSITORY_PARAMS.replace("  epochs:", "  epoch:"), "params.yaml: train.epoch is not a known key."),
        ("", "params.yaml must be a mapping with the keys download, lowercase, "),
        ("# nothing\n", "params.yaml must be a mapping with the keys download, lowercase, "),
        ("- a\n", "params.yaml must be a mapping with the keys download, lowercase, "),
        ("train:\n  epochs: [1\n  units: 2\n", "params.yaml: not valid YAML (line 3): "),
        ("train:\n\tepochs: 1\n", "params.yaml: not valid YAML (line 2): "),
        ("train:\n  epochs: 1\n  epochs: 2\n", 'params.yaml: not valid YAML (line 3): found duplicate key "epochs"'),
        ("train: !!python/name:os.system 1\n", "params.yaml: not valid YAML (line 1): "),
        ("a: 1\n---\nb: 2\n", "params.yaml: not valid YAML (line 2): "),
        ("a: \0\n", "params.yaml: not valid YAML: "),
        ("train: 2026-99-99\n", "params.yaml: not valid YAML: "),
        ("train: !!bool maybe\n", "params.yaml: not valid YAML: "),
        ('train: !!int ""\n', "params.yaml: not valid YAML: "),
        ('train: !!float ""\n', "params.yaml: not valid YAML: "),
    ],
)
def test_a_file_that_is_no_mapping_of_sections_is_refused(text: str, message: str, folder: Path) -> None:
    write_text(text)
    received = message_about("train")
    assert received.startswith(message)
    assert "\n" not in received


def test_a_file_in_another_encoding_is_refused(folder: Path) -> None:
    Path("params.yaml").write_bytes("# é\n".encode("latin-1"))
    assert message_about("train") == "params.yaml: not UTF-8 at byte 2 (0xe9). Save it as UTF-8."


def test_a_missing_file_is_named_with_the_folder(folder: Path) -> None:
    assert message_about("train") == f"params.yaml does not exist in {folder}. Run this in the project's folder."


@pytest.mark.parametrize("spelling", ["1e-3", "1E-3", "0.001", ".001"])
def test_a_number_may_have_an_exponent_without_a_point(spelling: str, folder: Path) -> None:
    write_text(REPOSITORY_PARAMS.replace("learning_rate: 0.01", f"learning_rate: {spelling}"))
    assert params.load(params.TrainParams).learning_rate == 0.001


@pytest.mark.parametrize("key", ["learning_rate", "clip_norm", "divergence_margin_nats"])
def test_a_whole_number_is_a_float_where_a_float_belongs(key: str, folder: Path) -> None:
    values = repository_params()
    values["train"][key] = 1
    write(values)
    assert repr(getattr(params.load(params.TrainParams), key)) == "1.0"


@pytest.mark.parametrize("spelling", [".inf", ".Inf", "1e999"])
def test_an_infinite_temperature_is_allowed(spelling: str, folder: Path) -> None:
    write_text(REPOSITORY_PARAMS.replace("temperatures: [0.2,", f"temperatures: [{spelling},", 1))
    assert params.load(params.SampleParams).temperatures[0] == math.inf


def test_yes_and_no_are_words(folder: Path) -> None:
    write_text(REPOSITORY_PARAMS.replace("lower_case: true", "lower_case: yes"))
    assert message_about("lowercase") == (
        "params.yaml: lowercase.lower_case must be true or false. Received: 'yes' (of type str)."
    )


@pytest.mark.parametrize("spelling", ["a" * 5000, f"0x{'f' * 6000}", "[" * 500 + "]" * 500])
def test_a_value_of_any_size_is_refused_in_few_words(spelling: str, folder: Path) -> None:
    write_text(REPOSITORY_PARAMS.replace("epochs: 60", f"epochs: {spelling}"))
    message = message_about("train")
    assert message.startswith("params.yaml: train.epochs must be an integer from 1 to 999. Received: ")
    assert len(message) < 700


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(key=st.sampled_from(all_keys()), value=anything)
@example(key="train.learning_rate", value=10**400)
@example(key="sample.temperatures", value=[10**400])
@hypothesis_settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_any_value_is_kept_as_it_is_or_refused_by_name(key: str, value: Any) -> None:
    section, name = key.split(".")
    values = repository_params()[section] | {name: value}
    try:
        loaded: Any = rules.section_from(values, section, SECTIONS[section])
    except UserError as error:
        assert str(error).startswith(f"params.yaml: {key} must be {RULES[key][0]}. Received: {value!r} (of type ")
    else:
        kept = getattr(loaded, name)
        assert kept == (float(value) if isinstance(kept, float) else tuple(value) if isinstance(value, list) else value)


def test_labels_of_temperatures_are_the_same_for_integers_and_floats() -> None:
    assert [params.temperature_label(t) for t in (0, 0.2, 1, 1.0, math.inf)] == ["0.0", "0.2", "1.0", "1.0", "inf"]


@pytest.mark.parametrize(
    ("stage", "name", "value"),
    [
        ("download", "retries", -1),
        ("lowercase", "encoding", "utf-9"),
        ("vectorize", "validation_fraction", 1),
        ("train", "epochs", 0),
        ("sample", "temperatures", [-1.0]),
        ("evaluate", "max_ngram_order", 7),
        ("report", "prompt", ""),
    ],
)
def test_each_stage_ends_with_the_message_and_writes_nothing(
    stage: str, name: str, value: Any, project: Project
) -> None:
    project.set_params(stage, **{name: value})
    requirement = RULES[f"{stage}.{name}"][0]
    assert message_of(project, stage) == (
        f"Error: params.yaml: {stage}.{name} must be {requirement}. "
        f"Received: {value!r} (of type {type(value).__name__})."
    )
