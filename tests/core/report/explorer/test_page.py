"""The page as Python writes it. What it does is tested in tests/browser."""

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import stages.core.report.explorer
from stages.core.report.explorer import render_explorer
from stages.core.report.explorer.page import SCRIPTS, STYLES, json_for_html
from tests.support.explorer_example import MARKUP, example_data, example_weights


class Elements(HTMLParser):
    """Collects the start tags of a page, and the text of its data element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.data = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value for name, value in attributes if name == "id" and value]

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "script" and self.ids[-1] == "data" and not self.data:
            self.data = data


def test_same_data_give_the_same_page() -> None:
    assert render_explorer(example_data()) == render_explorer(example_data())


def test_no_text_of_the_data_becomes_markup() -> None:
    page = Elements(render_explorer(example_data()))
    assert page.tags.count("script") == 2
    samples = json.loads(page.data)["samples"]
    assert all(MARKUP in sample["text"] for sample in samples)


def test_every_id_is_used_once() -> None:
    ids = Elements(render_explorer(example_data())).ids
    assert len(ids) == len(set(ids))


@given(st.text())
def test_any_text_survives_the_page_and_cannot_end_its_element(text: str) -> None:
    written = json_for_html({"text": text})
    assert json.loads(written) == {"text": text}
    assert not re.search(r"[<\u2028\u2029]", written)


def test_weights_are_little_endian_float32() -> None:
    weights = example_weights()
    written = json.loads(json_for_html(weights))
    kernel = np.frombuffer(base64.b64decode(written["kernel"]), "<f4").reshape(weights["kernel"].shape)
    assert np.array_equal(kernel, weights["kernel"])


def test_page_names_no_address_and_forbids_loading_one() -> None:
    page = render_explorer(example_data()).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//\w+\.\w+/", page)
    assert "default-src 'none'" in page


def test_default_run_stays_far_below_five_megabytes() -> None:
    data = example_data(epochs=tuple(range(1, 61)), text_length=400, units=128)
    assert len(render_explorer(data).encode()) < 1_500_000


def test_every_style_and_script_in_the_folder_is_on_the_page() -> None:
    folder = Path(stages.core.report.explorer.__file__).parent
    assert {path.name for path in folder.glob("*.css")} == set(STYLES)
    assert {path.name for path in folder.glob("*.js")} == set(SCRIPTS)
