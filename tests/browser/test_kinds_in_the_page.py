"""Every kind of network in the page: the greedy text is that of the stepper in Python."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import Chrome

from stages.core.generation.sampling import generate
from stages.core.networks.table import NETWORKS
from stages.core.report.explorer import NetworkOnPage, Snapshot, render_explorer
from tests.browser.page import LOWEST_TEMPERATURE, console, open_page, set_temperature, set_value, write
from tests.support.explorer_example import CHARACTERS, WINDOW_LENGTH, example_data
from tests.support.networks import description, random_network

PROMPT = "there was a rose, and it was not a rose"


@pytest.mark.parametrize("carries_state", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("kind", NETWORKS)
def test_the_greedy_text_is_that_of_python(
    kind: str, num_layers: int, carries_state: bool, browser: Chrome, tmp_path: Path
) -> None:
    if carries_state and NETWORKS[kind].receptive_field is not None:
        pytest.skip("it has no state")
    described = description(
        kind=kind,
        characters=CHARACTERS,
        units=16,
        num_layers=num_layers,
        window_length=WINDOW_LENGTH,
        targets="every" if carries_state else "last",
        carries_state=carries_state,
    )
    network = random_network(described)
    ids = described.tokenizer.encode(PROMPT)[-WINDOW_LENGTH:]
    made = generate(network.stepper(1), ids[None], temperatures=np.zeros(1), uniforms=np.zeros((1, 80)))
    data = example_data()
    on_page = NetworkOnPage(
        kind=kind,
        settings=described.settings,
        targets=described.targets,
        carries_state=carries_state,
        window_length=WINDOW_LENGTH,
        num_tokens=described.tokenizer.size,
        num_weights=described.num_weights,
    )
    snapshots = (Snapshot.of(data.best_epoch, network.weights, "float32"),)
    page = tmp_path / "index.html"
    page.write_text(render_explorer(replace(data, network=on_page, snapshots=snapshots)), encoding="utf-8")
    open_page(browser, page)
    set_value(browser, "prompt", PROMPT)
    set_temperature(browser, LOWEST_TEMPERATURE)
    assert write(browser, 80) == described.tokenizer.decode(made.ids[0])
    assert console(browser) == []
