"""Photograph the page and the runs in MLflow for the README: reports/screenshots/. Part of `make published`."""

import shutil
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from stages.core.tracking.connection import Connection
from stages.core.tracking.view import KEY
from tests.support.project import ROOT, environment
from tests.support.servers import free_port, serving

FOLDER = ROOT / "reports" / "screenshots"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
PAGE, STORE = (1200, 900), (2000, 700)  # width and height of the window; MLflow puts a panel at its right
LONGEST_WAIT = 120  # seconds


def photograph(url: str, expected: str, path: Path, size: tuple[int, int]) -> None:
    """Write what Chromium shows at `url` as a PNG file, once the text `expected` is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = webdriver.ChromeOptions()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}", "--window-size={},{}".format(*size)):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            driver.get(url)
            WebDriverWait(driver, LONGEST_WAIT).until(lambda d: expected in d.find_element("tag name", "body").text)
            driver.save_screenshot(str(path))
        finally:
            driver.quit()


def main(project: Path = ROOT, folder: Path = FOLDER) -> None:
    """Photograph both of the run in `project`."""
    photograph((project / "reports" / "index.html").as_uri(), "best epoch", folder / "page.png", PAGE)
    port = free_port()
    experiment = Connection().experiment_id  # it has the view that `make ui` opens
    runs = (
        f"http://127.0.0.1:{port}/#/experiments/{experiment}/runs?workflowType=machine_learning&viewStateShareKey={KEY}"
    )
    command = ["mlflow", "ui", "--port", str(port), "--workers", "1", "--backend-store-uri", "sqlite:///mlflow.db"]
    with serving(command, project, f"http://127.0.0.1:{port}/", environment()):
        photograph(runs, "held_out_bits_per_char", folder / "mlflow.png", STORE)


if __name__ == "__main__":
    main()
