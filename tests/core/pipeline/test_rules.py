"""Values of any size and depth are read and shown in bounded time and room."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.rules import LONGEST_SHOWN, read_yaml, shown

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(value=values)
def test_what_is_short_is_shown_as_python_writes_it(value: object) -> None:
    text = repr(value)
    assert shown(value) == (text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…")


def test_aliases_that_multiply_are_not_written_out() -> None:
    value: list[object] = ["lol"]
    for _ in range(40):
        value = [value] * 9  # 9^40 texts
    assert len(shown(value)) <= LONGEST_SHOWN + 1
    assert len(shown({"key": value})) <= LONGEST_SHOWN + 1


def test_a_list_in_itself_is_shown() -> None:
    value: list[object] = [0.5]
    value.append(value)
    assert len(shown(value)) <= LONGEST_SHOWN + 1


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_yaml_that_is_nested_too_deeply_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=rf"^{path}: not valid YAML.*: nested more than 1000 levels deep"):
        read_yaml(path)


def test_brackets_in_a_text_are_no_levels(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    text = ":-( " * 200 + "[ " * 90
    path.write_text(f"prompt: '{text}'\n", encoding="utf-8")
    assert read_yaml(path) == {"prompt": text}


def test_the_message_about_a_long_tag_is_short(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("!" * 100_000, encoding="utf-8")
    with pytest.raises(UserError) as told:
        read_yaml(path)
    assert len(str(told.value)) < LONGEST_SHOWN + len(str(path)) + 100


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_not_a_file_is_refused_at_once(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    make(path)
    with pytest.raises(UserError, match=rf"^{path} is not a file\. Move it away, then run `git checkout {path}`\.$"):
        read_yaml(path)
