"""The page as Python writes it. What it does is tested in tests/browser."""

import base64
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stages.core.report.explorer
from stages.core.networks.table import NETWORKS
from stages.core.report.explorer import Snapshot, render_explorer
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


def test_two_processes_with_other_hash_seeds_and_locales_write_the_same_page() -> None:
    program = (
        "import sys; from stages.core.report.explorer import render_explorer;"
        "from tests.support.explorer_example import example_data;"
        "sys.stdout.buffer.write(render_explorer(example_data()).encode())"
    )
    settings = [{"PYTHONHASHSEED": "1", "LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8"}]
    pages = [
        subprocess.run([sys.executable, "-c", program], env=os.environ | each, capture_output=True, check=True).stdout
        for each in settings
    ]
    assert pages[0] == pages[1]
    assert b"there was a rose" in pages[0]


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


@pytest.mark.parametrize(("type_name", "code"), [("float32", "<f4"), ("float16", "<f2")])
def test_weights_are_little_endian(type_name: str, code: str) -> None:
    weights = example_weights()
    written = json.loads(json_for_html(Snapshot.of(3, weights, type_name)))
    kernel = np.frombuffer(base64.b64decode(written["arrays"]["kernel"]), code).reshape(weights["kernel"].shape)
    assert np.array_equal(kernel, weights["kernel"].astype(type_name))
    assert (written["epoch"], written["type"]) == (3, type_name)


def test_page_loads_nothing_and_links_only_where_a_person_clicks() -> None:
    page = render_explorer(example_data()).replace("http://www.w3.org/2000/svg", "")
    links = re.findall(r'<a href="([^"]+)"', page)
    assert [link.partition("/")[0] for link in links] == ["..", "https:"]
    for link in links:
        page = page.replace(f'<a href="{link}"', "")
    assert not re.search(r"https?:|//\w+\.\w+/", page)
    assert "default-src 'none'" in page


def test_a_network_too_large_for_the_page_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = render_explorer(example_data())
    monkeypatch.setattr("stages.core.report.explorer.page.MAX_BYTES", len(whole.encode()) - 1)
    page = render_explorer(example_data())
    assert json.loads(Elements(page).data)["snapshots"] == []
    assert "NETWORKS.lstm" not in page


def test_default_run_stays_far_below_five_megabytes() -> None:
    data = example_data(epochs=tuple(range(1, 61)), text_length=400, units=128)
    assert len(render_explorer(data).encode()) < 2_500_000


def test_every_style_and_script_in_the_folder_is_on_the_page() -> None:
    folder = Path(stages.core.report.explorer.__file__).parent
    assert {path.stem for path in folder.rglob("*.css")} == set(STYLES)
    scripts = {str(path.relative_to(folder / "scripts").with_suffix("")) for path in folder.rglob("*.js")}
    of_networks = {f"networks/{kind.script.removesuffix('.js')}" for kind in NETWORKS.values()}
    assert scripts == {*SCRIPTS, *of_networks}
