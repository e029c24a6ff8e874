"""What a person does and sees on the page, done and seen by a test."""

import json
from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

HIGHEST_TEMPERATURE, LOWEST_TEMPERATURE = "last", "first"


def open_page(
    driver: Chrome,
    page: Path,
    *,
    width: int = 1280,
    height: int = 800,
    dark: bool = False,
    reduced_motion: bool = False,
) -> None:
    """Load a page afresh, on a screen of this size in CSS pixels."""
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    features = {
        "prefers-color-scheme": "dark" if dark else "light",
        "prefers-reduced-motion": "reduce" if reduced_motion else "no-preference",
    }
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": name, "value": value} for name, value in features.items()]},
    )
    for kind in ("browser", "performance"):
        _log(driver, kind)  # reading a log empties it
    driver.get(page.as_uri())


def console(driver: Chrome) -> list[str]:
    """Return what was written to the console since the page was opened."""
    return [entry["message"] for entry in _log(driver, "browser")]


def requests(driver: Chrome, page: Path) -> set[str]:
    """Return every address that the page has asked for."""
    events = [json.loads(entry["message"])["message"] for entry in _log(driver, "performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return {request["request"]["url"] for request in sent if request["documentURL"] == page.as_uri()}


def _log(driver: Chrome, kind: str) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = driver.get_log(kind)  # type: ignore[no-untyped-call]
    return entries


def epoch_shown(driver: Chrome) -> int:
    # in one step: the element is replaced while the page plays
    return int(driver.execute_script("return document.querySelector('#epoch-name b').textContent"))


def texts(driver: Chrome, selector: str) -> list[str]:
    elements = driver.find_elements(By.CSS_SELECTOR, selector)
    return [str(element.get_property("textContent")) for element in elements]


def set_value(driver: Chrome, element_id: str, value: str | int) -> None:
    """Do what typing into a field, or moving a slider, does."""
    driver.execute_script(
        "const field = document.getElementById(arguments[0]);"
        "field.value = arguments[1]; field.dispatchEvent(new Event('input', { bubbles: true }));",
        element_id,
        value,
    )


def set_temperature(driver: Chrome, end: str) -> None:
    set_value(driver, "temperature", 0 if end == LOWEST_TEMPERATURE else 1000)


def text_of(driver: Chrome, element_id: str) -> str:
    return str(driver.find_element(By.ID, element_id).get_property("textContent"))


def write(driver: Chrome, length: int) -> str:
    set_value(driver, "length", length)
    driver.find_element(By.ID, "write").click()
    WebDriverWait(driver, 300).until(lambda d: text_of(d, "write-status").startswith("Done"))
    return text_of(driver, "output-made")
