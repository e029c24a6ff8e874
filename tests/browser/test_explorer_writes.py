"""The network in the page: the same text as in Python, at every temperature, from any prompt."""

import math
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from stages.core.generation.sampling import generate
from stages.core.networks.lstm import stepper
from stages.core.text.characters import Characters
from tests.browser.page import (
    HIGHEST_TEMPERATURE,
    LOWEST_TEMPERATURE,
    open_page,
    set_temperature,
    set_value,
    text_of,
    write,
)
from tests.support.explorer_example import CHARACTERS, WINDOW_LENGTH, example_weights
from tests.support.lstm_reference import logits
from tests.support.networks import description


def greedy_continuation(prompt: str, length: int) -> str:
    """The network in float64: each character from the last window, read from a state of zero."""
    text = prompt
    for _ in range(length):
        window = np.array([[CHARACTERS.index(character) for character in text[-WINDOW_LENGTH:]]])
        text += CHARACTERS[logits(example_weights(), window).argmax()]
    return text[len(prompt) :]


@pytest.mark.parametrize("prompt", ["a", "there was a rose, ", "a prompt that is longer than the window is, by far"])
def test_greedy_continuation_equals_python(driver: Chrome, prompt: str) -> None:
    expected = greedy_continuation(prompt, 200)
    assert len(set(expected)) > 10
    set_value(driver, "prompt", prompt)
    set_temperature(driver, LOWEST_TEMPERATURE)
    assert write(driver, 200) == expected


def test_greedy_continuation_equals_the_sampler_of_the_pipeline(driver: Chrome) -> None:
    prompt = "there was a rose, "
    weights = example_weights()
    described = description(characters=CHARACTERS, units=len(weights["recurrent_kernel"]), window_length=WINDOW_LENGTH)
    sampler = stepper(weights, described, num_streams=1)
    ids = Characters(CHARACTERS).encode(prompt)[None]
    made = generate(sampler, ids, temperatures=np.zeros(1), uniforms=np.zeros((1, 200)))
    set_temperature(driver, LOWEST_TEMPERATURE)
    assert write(driver, 200) == Characters(CHARACTERS).decode(made.ids[0])


def test_the_same_seed_gives_the_same_text_and_another_one_another(driver: Chrome) -> None:
    first = write(driver, 40)
    driver.find_element(By.ID, "start-over").click()
    assert text_of(driver, "output-made") == ""
    assert write(driver, 40) == first
    set_value(driver, "seed", 1)
    assert write(driver, 40) != first


def test_writing_can_be_stopped_and_goes_on_from_there(driver: Chrome) -> None:
    set_value(driver, "length", 10000)
    button = driver.find_element(By.ID, "write")
    button.click()
    WebDriverWait(driver, 60).until(lambda d: len(text_of(d, "output-made")) > 5)
    assert button.text == "Stop"
    button.click()
    stopped = text_of(driver, "output-made")
    assert text_of(driver, "write-status") == f"Stopped: {len(stopped)} characters written."
    assert button.text == "Continue"
    assert write(driver, 5)[:-5] == stopped


def test_entropy_goes_from_nothing_to_that_of_the_vocabulary(driver: Chrome) -> None:
    set_temperature(driver, LOWEST_TEMPERATURE)
    assert text_of(driver, "entropy").startswith("Entropy 0.00 bits")
    assert text_of(driver, "temperature-name") == "0, greedy: always the likeliest character"
    set_temperature(driver, HIGHEST_TEMPERATURE)
    assert text_of(driver, "entropy").startswith(f"Entropy {math.log2(len(CHARACTERS)):.2f} bits")


def test_a_character_of_the_picture_is_written_when_it_is_chosen(driver: Chrome) -> None:
    likeliest = greedy_continuation("there was a rose, ", 1)
    driver.find_element(By.CSS_SELECTOR, "#next button").click()
    assert text_of(driver, "output-made") == likeliest


def test_a_prompt_is_lower_cased_and_its_unknown_characters_are_named(driver: Chrome) -> None:
    set_value(driver, "prompt", "A Rose\t#1#")
    assert text_of(driver, "output-prompt") == "a rose"
    assert text_of(driver, "prompt-status") == "Left out, because the corpus does not have them: tab # 1."


def test_a_prompt_longer_than_the_window_says_so(driver: Chrome) -> None:
    set_value(driver, "prompt", "a" * (WINDOW_LENGTH + 1))
    assert text_of(driver, "prompt-status") == f"The network sees the last {WINDOW_LENGTH} characters."


def test_unknown_characters_that_cannot_be_seen_have_a_number_and_many_are_counted(driver: Chrome) -> None:
    set_value(driver, "prompt", "a\u200db\u0301")
    assert text_of(driver, "prompt-status") == "Left out, because the corpus does not have them: U+200D U+0301."
    greek = "αβγδεζηθικλμνξοπρστυφχψω"
    set_value(driver, "prompt", greek)
    named = " ".join(greek[:20])
    assert text_of(driver, "prompt-status").startswith(
        f"Left out, because the corpus does not have them: {named} and 4 more."
    )


def test_hasty_clicks_start_one_writing_not_two(driver: Chrome) -> None:
    num_written = driver.execute_async_script(
        "const [done] = arguments; const button = document.getElementById('write');"
        "for (let i = 0; i < 3; i++) button.click();"
        "let frames = 0; const wait = () => frames++ < 10 ? requestAnimationFrame(wait)"
        " : done(document.getElementById('output-made').textContent.length);"
        "requestAnimationFrame(wait);"
    )
    assert 5 < num_written <= 11


def test_an_empty_prompt_writes_nothing(driver: Chrome) -> None:
    set_value(driver, "prompt", "#")
    assert not driver.find_element(By.ID, "write").is_enabled()
    assert "Type at least one character that the corpus has." in text_of(driver, "prompt-status")


def test_a_length_outside_its_range_is_refused(driver: Chrome) -> None:
    set_value(driver, "length", 0)
    driver.find_element(By.ID, "write").click()
    assert text_of(driver, "output-made") == ""
    assert driver.find_element(By.ID, "write").text == "Write"


def test_picture_stands_still_while_writing_when_motion_is_unwelcome(browser: Chrome, page: Path) -> None:
    open_page(browser, page, reduced_motion=True)
    set_value(browser, "length", 10000)
    before = text_of(browser, "after")
    button = browser.find_element(By.ID, "write")
    button.click()
    WebDriverWait(browser, 60).until(lambda d: len(text_of(d, "output-made")) > 5)
    assert text_of(browser, "after") == before
    button.click()
    assert text_of(browser, "after") != before
