"""MLflow at the addresses that `make ui` prints: each answers its question without a click."""

import re
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait

from stages.core.tracking import view
from tests.support.browser import chromium
from tests.support.make import add_makefile, make
from tests.support.project import Project
from tests.support.servers import free_port, serving

LOSSES = "val_loss_nats_per_char vs loss_nats_per_char"  # title of the chart
LONGEST_WAIT = 300  # seconds, where other tests take the processors


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Chromium, started once."""
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture(scope="module")
def project(finished_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished project with its Makefile."""
    copy = finished_project.copy(tmp_path_factory.mktemp("mlflow"))
    add_makefile(copy)
    return copy


@pytest.fixture(scope="module")
def addresses(project: Project) -> Iterator[dict[str, str]]:
    """What `make ui` prints, while it runs."""
    port = free_port()
    with serving(make("ui", f"PORT={port}"), project.path, f"http://127.0.0.1:{port}"):
        printed = project.path.with_name("server.log").read_text(encoding="utf-8")
        yield dict(re.findall(r"^(\w+): +(http\S+)$", printed, re.MULTILINE))


def shown(driver: Chrome, address: str, *expected: str) -> str:
    """Return what a page says, once it says all that is expected."""
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": 1600, "height": 900, "deviceScaleFactor": 1, "mobile": False,
    })  # fmt: skip
    driver.get("about:blank")
    driver.get(address)

    def text(driver: Chrome) -> str:
        return str(driver.execute_script("return document.body.innerText"))

    WebDriverWait(driver, LONGEST_WAIT).until(lambda d: all(e in text(d) for e in expected))
    return text(driver)


def test_the_list_of_runs_shows_what_runs_are_compared_by(
    browser: Chrome, project: Project, addresses: dict[str, str]
) -> None:
    (run,) = project.runs("training")
    columns = [name for name in view.COLUMNS if name in run.data.metrics]  # MLflow shows none that is in no run
    assert len(columns) > 2
    bits = str(run.data.metrics[columns[0]])[:5]  # not rounded: MLflow shows all digits
    shown(browser, addresses["Runs"], str(run.info.run_name), *columns, bits)
    assert "orderByKey=metrics.%60held_out_bits_per_char%60" in browser.current_url


def test_the_chart_of_both_losses_comes_first(browser: Chrome, addresses: dict[str, str]) -> None:
    text = shown(browser, addresses["Losses"], LOSSES, "learning_rate")
    assert text.index(LOSSES) < text.index("learning_rate")


def test_the_texts_of_a_run_are_in_a_table(browser: Chrome, addresses: dict[str, str]) -> None:
    shown(browser, addresses["Texts"], "epoch 001, temperature 0.5")


def test_the_model_says_what_it_is(browser: Chrome, addresses: dict[str, str]) -> None:
    shown(browser, addresses["Model"], "Version 1")
