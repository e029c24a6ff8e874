"""A real Chromium, started once, that opens no connection."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from stages.core.report.explorer import render_explorer
from tests.browser.page import open_page
from tests.support.explorer_example import example_data

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",  # they would count towards the width of the page
)


def _program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        message = f"{names[0]} is not installed. On Debian: apt-get install chromium chromium-driver"
        # where the tests decide about a change, a missing browser must not look like a pass
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Chromium, with a log of its console and of every request."""
    options = webdriver.ChromeOptions()
    options.binary_location = _program("chromium", "chromium-browser", "google-chrome")
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(_program("chromedriver")))
    yield driver
    driver.quit()


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
