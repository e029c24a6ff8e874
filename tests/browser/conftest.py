"""A real Chromium, started once, that opens no connection."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from stages.core.report.explorer import render_explorer
from tests.browser.page import open_page
from tests.support.browser import chromium
from tests.support.explorer_example import example_data


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Chromium, started once."""
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The explorer of made-up data, on disk."""
    path = tmp_path_factory.mktemp("explorer") / "index.html"
    path.write_text(render_explorer(example_data()), encoding="utf-8")
    return path


@pytest.fixture
def driver(browser: webdriver.Chrome, page: Path) -> webdriver.Chrome:
    """Chromium with the explorer just opened."""
    open_page(browser, page)
    return browser
