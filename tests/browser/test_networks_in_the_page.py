"""Networks and tokens in the page against Python: the same ids, the same greedy text, the same activity."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from selenium.webdriver import Chrome

from stages.core.networks.weights import Weights
from stages.core.pipeline.visible import HARMFUL, visible
from stages.core.report.explorer import ExplorerData, Snapshot, TokensOnPage, render_explorer
from stages.core.text.bytes_ import Bytes
from stages.core.text.tokenizer import Tokenizer
from stages.core.text.words import Words
from tests.browser.page import LOWEST_TEMPERATURE, console, open_page, set_temperature, set_value, text_of, write
from tests.support.explorer_example import CHARACTERS, WINDOW_LENGTH, example_data, example_weights
from tests.support.lstm_reference import logistic

UNITS = 16
WORDS = Words("\n !,.abcdefghilnorstuwyä道", ("rose", "there", "was", "  ", "is"))
BYTES = Bytes(bytes(range(0x20, 0x7F)) + "äé—道".encode())
TEXTS = (
    *("there was a rose, ", "roses  are not there", "tulisrose  \n ", "wäs ist das? é — 道可道", "it's 10 o'clock", ""),
    *("naïve \uefc3\uefa4", "a" * 130, "\u00a0é e\u0301"),
)
Array = NDArray[np.float64]


def lstm_stack(weights: Weights, num_layers: int) -> Callable[[list[int]], tuple[Array, list[Array]]]:
    """Return the logits after some ids, and the outputs of the last layer at each, written out in float64."""

    def after(ids: list[int]) -> tuple[Array, list[Array]]:
        states = [(np.zeros(UNITS), np.zeros(UNITS)) for _ in range(num_layers)]
        outputs = []
        for i in ids:
            inputs = np.eye(len(weights["kernel"]))[i]
            for layer, (h, c) in enumerate(states):
                suffix = f"_{layer + 1}" if layer else ""
                kernel, recurrent, bias = (weights[f"{n}{suffix}"] for n in ("kernel", "recurrent_kernel", "bias"))
                gates = np.split(inputs @ kernel.astype(float) + h @ recurrent.astype(float) + bias, 4)
                c = logistic(gates[1]) * c + logistic(gates[0]) * np.tanh(gates[2])
                inputs = logistic(gates[3]) * np.tanh(c)
                states[layer] = (inputs, c)
            outputs.append(inputs)
        return outputs[-1] @ weights["dense_kernel"].astype(float) + weights["dense_bias"], outputs

    return after


def stack_weights(num_layers: int) -> Weights:
    weights = dict(example_weights(units=UNITS))
    for layer in range(2, num_layers + 1):
        upper = example_weights(UNITS, UNITS, seed=layer)
        weights |= {f"{name}_{layer}": upper[name] for name in ("kernel", "recurrent_kernel", "bias")}
    return weights


def greedy(
    after: Callable[[list[int]], tuple[Array, list[Array]]], ids: list[int], length: int, window: int
) -> list[int]:
    made = list(ids)
    for _ in range(length):
        made.append(int(after(made[-window:])[0].argmax()))
    return made[len(ids) :]


def with_network(weights: Weights, *, num_layers: int, carries_state: bool, kind: str = "float32") -> ExplorerData:
    data = example_data(units=UNITS)
    network = replace(data.network, settings={"units": UNITS, "num_layers": num_layers}, carries_state=carries_state)
    return replace(data, network=network, snapshots=(Snapshot.of(data.best_epoch, weights, kind),))


def opened(driver: Chrome, folder: Path, data: ExplorerData) -> None:
    page = folder / "index.html"
    page.write_text(render_explorer(data), encoding="utf-8")
    open_page(driver, page)


@pytest.mark.parametrize("carries_state", [False, True])
@pytest.mark.parametrize("num_layers", [1, 3])
def test_stacks_and_carried_states_write_the_same_greedy_text(
    browser: Chrome, tmp_path: Path, num_layers: int, carries_state: bool
) -> None:
    weights = stack_weights(num_layers)
    opened(browser, tmp_path, with_network(weights, num_layers=num_layers, carries_state=carries_state))
    prompt = "there was a rose, and it was not a rose"
    window = 10**6 if carries_state else WINDOW_LENGTH
    ids = [CHARACTERS.index(c) for c in prompt][-WINDOW_LENGTH:]
    expected = greedy(lstm_stack(weights, num_layers), ids, 60, window)
    set_value(browser, "prompt", prompt)
    set_temperature(browser, LOWEST_TEMPERATURE)
    assert write(browser, 60) == "".join(CHARACTERS[i] for i in expected)
    assert write(browser, 5)[:60] == "".join(CHARACTERS[i] for i in expected)
    assert console(browser) == []


def test_half_precision_is_read_exactly(browser: Chrome, tmp_path: Path) -> None:
    numbers = np.array([0, -0.0, 1, -1.5, 6.1e-5, 5.96e-8, -3.3e-6, 65504, -1e-3, 0.1], np.float16)
    weights = dict(example_weights(units=UNITS)) | {"dense_bias": np.resize(numbers, len(CHARACTERS))}
    opened(browser, tmp_path, with_network(weights, num_layers=1, carries_state=False, kind="float16"))
    read = browser.execute_script("return Array.from(networkOf(data, data.best_epoch).denseBias)")
    assert np.array_equal(np.array(read, np.float32), np.resize(numbers, len(CHARACTERS)).astype(np.float32))


def test_activity_is_what_the_last_layer_gives_out(browser: Chrome, tmp_path: Path) -> None:
    weights = stack_weights(2)
    opened(browser, tmp_path, with_network(weights, num_layers=2, carries_state=False))
    set_value(browser, "prompt", "a rose")
    set_value(browser, "unit", 7)
    expected = [h[6] for h in lstm_stack(weights, 2)([CHARACTERS.index(c) for c in "a rose"])[1]]
    shown = browser.execute_script(
        "return [...document.querySelectorAll('#activity span')].map((s) => [s.textContent, s.title, s.className])"
    )
    assert "".join(text for text, _, _ in shown) == "a rose"
    assert [float(title.replace("−", "-")) for _, title, _ in shown] == pytest.approx(expected, abs=0.0051)
    assert [kind for _, _, kind in shown] == ["below" if value < 0 else "above" for value in expected]


@pytest.mark.parametrize("tokenizer", [WORDS, BYTES], ids=["words", "bytes"])
@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_cut_into_the_same_tokens(driver: Chrome, tokenizer: Tokenizer, text: str) -> None:
    unknown = tokenizer.unknown_in(text)
    known = "".join(c for c in text if c not in unknown)
    kind = tokenizer.to_json()["tokens"]
    made = driver.execute_script(
        "const t = new Tokens({ kind: arguments[0], texts: arguments[1] }); const made = t.encode(arguments[2]);"
        "return { ...made, decoded: t.decode(made.ids) };",
        *(kind, list(tokenizer.texts), text),
    )
    assert made["ids"] == tokenizer.encode(known).tolist()
    assert sorted(made["unknown"]) == list(unknown)
    assert made["decoded"] == tokenizer.decode(tokenizer.encode(known))


def test_a_network_of_words_writes_in_the_page(browser: Chrome, tmp_path: Path) -> None:
    weights = example_weights(WORDS.size, UNITS)
    data = with_network(weights, num_layers=1, carries_state=False)
    network = replace(data.network, num_tokens=WORDS.size)
    tokens = TokensOnPage(kind="words", texts=WORDS.texts)
    opened(browser, tmp_path, replace(data, network=network, tokens=tokens, held_out_text="there was a rose"))
    ids = WORDS.encode("there was").tolist()
    expected = greedy(lstm_stack(weights, 1), ids, 30, WINDOW_LENGTH)
    set_value(browser, "prompt", "There was")
    set_temperature(browser, LOWEST_TEMPERATURE)
    assert write(browser, 30) == WORDS.decode(np.array(expected))
    assert text_of(browser, "write-status") == "Done: 30 tokens written."
    assert text_of(browser, "subtitle") == "one word at a time"


def test_what_is_harmful_is_shown_as_in_python(driver: Chrome) -> None:
    points = [*range(0x10000), *range(0xE0000, 0xE0200), 0x1F600]
    shown = driver.execute_script(
        "return arguments[0].map((p) => [p, visible(String.fromCodePoint(p))])"
        ".filter(([p, text]) => text !== String.fromCodePoint(p))",
        points,
    )
    assert dict(shown) == {p: visible(chr(p)) for p in points if HARMFUL.search(chr(p))}
