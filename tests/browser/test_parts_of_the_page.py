"""What the page explains: the formula, the sentence about the curve, a game, and its state in the address."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from stages.core.report.explorer import render_explorer
from tests.browser.page import (
    HIGHEST_TEMPERATURE,
    console,
    epoch_shown,
    open_page,
    set_temperature,
    set_value,
    text_of,
    texts,
)
from tests.support.explorer_example import BEST_EPOCH, EPOCHS, HELD_OUT, WINDOW_LENGTH, example_data


def hash_of(driver: Chrome, expected: str) -> bool:
    return bool(driver.execute_script("return location.hash") == expected)


def test_formula_gives_the_probabilities_that_are_shown(driver: Chrome) -> None:
    rows = texts(driver, "#formula p")
    shares = texts(driver, "#next .share")
    for row, share in zip(rows, shares, strict=False):
        found = re.fullmatch(r".+ e(.+) / 0.5 ÷ (.+) = (.+)", row)
        assert found is not None
        exponent, sum_, result = found.groups()
        assert result == share
        made = math.exp(float(exponent.replace("−", "-")) / 0.5) / float(sum_)
        assert made == pytest.approx(float(share.removesuffix(" %")) / 100, abs=0.01)
    assert len(rows) == 3
    set_temperature(driver, HIGHEST_TEMPERATURE)
    assert "all are equal" in text_of(driver, "formula")


def test_the_sentence_follows_the_curve(driver: Chrome) -> None:
    slider = driver.find_element(By.ID, "epoch")
    starts = []
    for _ in EPOCHS:
        starts.append(text_of(driver, "prose").split(":")[0])
        slider.send_keys(Keys.ARROW_RIGHT)
    assert starts == [
        "Still learning",
        "",  # a loss that is not finite
        "The best epoch",
        "Training diverged in this epoch. It was rolled back and went on with a lower learning rate",
        "It overfits",
    ]


def test_epoch_0_is_told_as_before_training(browser: Chrome, tmp_path: Path) -> None:
    data = example_data()
    before = replace(data.samples[0], epoch=0, text="xq!")
    (tmp_path / "index.html").write_text(render_explorer(replace(data, samples=(before, *data.samples))), "utf-8")
    open_page(browser, tmp_path / "index.html")
    assert epoch_shown(browser) == 0
    assert text_of(browser, "prose").startswith("Before training")
    assert text_of(browser, "epoch-loss") == "a blind guess: 5.21 bits per character"
    assert texts(browser, ".card .made") == ["xq!"]
    assert console(browser) == []


def test_writing_with_the_weights_of_another_epoch(driver: Chrome) -> None:
    select = Select(driver.find_element(By.ID, "snapshot"))
    names = [option.text for option in select.options]
    assert names[0].startswith("before training (16-bit, 0.0")
    assert names[1].startswith("after epoch 3, the best (0.0")
    likeliest = texts(driver, "#next .glyph")
    select.select_by_index(0)
    assert texts(driver, "#next .glyph") != likeliest


def test_a_view_can_be_shared_by_its_address(driver: Chrome, page: Path) -> None:
    driver.find_element(By.ID, "epoch").send_keys(Keys.END)
    set_value(driver, "prompt", "a rose & a thorn")
    set_value(driver, "seed", 7)
    set_value(driver, "temperature", 0)
    set_value(driver, "unit", 3)
    WebDriverWait(driver, 30).until(
        lambda d: hash_of(d, "#epoch=5&temperature=0&prompt=a+rose+%26+a+thorn&seed=7&unit=3")
    )
    driver.get("about:blank")
    driver.get(f"{page.as_uri()}#epoch=5&temperature=0&prompt=a+rose+%26+a+thorn&seed=7&unit=3")
    assert epoch_shown(driver) == 5
    assert text_of(driver, "output-prompt").startswith("a rose")
    assert text_of(driver, "temperature-name").startswith("0, greedy")
    assert [driver.execute_script(f"return byId('{i}').value") for i in ("seed", "unit")] == ["7", "3"]
    driver.find_element(By.ID, "epoch").send_keys(Keys.HOME)
    WebDriverWait(driver, 30).until(lambda d: "epoch" not in d.execute_script("return location.hash"))


def wait_for_epoch(driver: Chrome, epoch: int) -> None:
    WebDriverWait(driver, 30).until(lambda d: epoch_shown(d) == epoch)


def test_another_address_of_the_open_page_shows_another_view(driver: Chrome, page: Path) -> None:
    for address, epoch, seed in (("#epoch=3&seed=7", 3, "7"), ("#epoch=5", 5, "0"), ("", EPOCHS[0], "0")):
        driver.execute_script("location.hash = arguments[0]", address)
        wait_for_epoch(driver, epoch)
        assert driver.execute_script("return byId('seed').value") == seed
    assert console(driver) == []


def test_the_best_epoch_says_why_two_numbers_differ(browser: Chrome, tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    data = replace(example_data(), held_out_bits=1.25)
    page.write_text(render_explorer(data), encoding="utf-8")
    open_page(browser, page)
    set_value(browser, "epoch", EPOCHS.index(BEST_EPOCH))
    assert "Over every character of the held-out text, not only in windows of it, that makes 1.250." in text_of(
        browser, "prose"
    )


@pytest.mark.parametrize(
    "address", ["#epoch=99&temperature=3.7&seed=-1&network=8&unit=x", "#%FF&constructor=1", "#=&="]
)
def test_an_address_that_says_nothing_useful_changes_nothing(browser: Chrome, page: Path, address: str) -> None:
    open_page(browser, page)
    browser.get("about:blank")
    browser.get(page.as_uri() + address)
    assert epoch_shown(browser) == EPOCHS[0]
    values = [browser.execute_script(f"return byId('{i}').value") for i in ("seed", "snapshot")]
    assert values == ["0", str(BEST_EPOCH)]
    assert text_of(browser, "temperature-name") == "0.5"
    assert console(browser) == []


def test_guesses_are_compared_with_the_text_and_with_the_network(driver: Chrome) -> None:
    shown = text_of(driver, "guess-text")
    truth = HELD_OUT[WINDOW_LENGTH]
    assert shown.replace("␣", "") == HELD_OUT[:WINDOW_LENGTH].rstrip() + "?"
    driver.find_element(By.ID, "guess").send_keys(truth.upper(), Keys.ENTER)
    assert text_of(driver, "guess-answer").startswith(f"Right: it is “{truth}”. The network ")
    driver.find_element(By.ID, "guess").send_keys("~", Keys.ENTER)
    assert text_of(driver, "guess-answer").startswith("No: it is “space”. The network gave it ")
    assert text_of(driver, "guess-score").startswith("You: 1 of 2. The network: ")
    driver.find_element(By.ID, "skip").click()
    assert text_of(driver, "guess-answer") == ""
    for _ in HELD_OUT:
        if driver.find_element(By.ID, "skip").is_enabled():
            driver.find_element(By.ID, "skip").click()
    assert text_of(driver, "guess-text").endswith("(the end)")
    assert console(driver) == []


def test_without_weights_the_page_says_why_it_cannot_write(browser: Chrome, tmp_path: Path) -> None:
    data = example_data()
    network = replace(data.network, num_weights=13_000_000)
    (tmp_path / "index.html").write_text(render_explorer(replace(data, network=network, snapshots=())), "utf-8")
    open_page(browser, tmp_path / "index.html")
    assert "with its 13,000,000 weights the page would be larger than 12 MB" in text_of(browser, "write-lead")
    hidden = ("playground", "unit-panel", "guessing")
    assert not any(browser.find_element(By.ID, each).is_displayed() for each in hidden)
    browser.find_element(By.ID, "epoch").send_keys(Keys.END)
    assert epoch_shown(browser) == EPOCHS[-1]
    assert console(browser) == []


def test_where_words_are_not_parted_none_are_marked(browser: Chrome, tmp_path: Path) -> None:
    data = replace(example_data(), has_words=False)
    (tmp_path / "index.html").write_text(render_explorer(data), "utf-8")
    open_page(browser, tmp_path / "index.html")
    assert not browser.find_element(By.ID, "show-unknown").is_displayed()
    assert browser.find_element(By.ID, "no-words").is_displayed()
    assert "not in the corpus" not in " ".join(texts(browser, ".counts"))


@pytest.mark.parametrize("height", [640, 800])
def test_on_a_phone_the_slider_stays_in_sight_beside_the_cards(browser: Chrome, page: Path, height: int) -> None:
    open_page(browser, page, width=360, height=height)
    for card in browser.find_elements(By.CSS_SELECTOR, ".card"):
        browser.execute_script("arguments[0].scrollIntoView({ block: 'end' })", card)
        top, bottom = browser.execute_script(
            "const { top, bottom } = byId('epoch').getBoundingClientRect(); return [top, bottom]"
        )
        assert 0 <= top < bottom <= height


def test_a_long_text_is_scrolled_in_its_card(browser: Chrome, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(render_explorer(example_data(text_length=3000)), "utf-8")
    open_page(browser, tmp_path / "index.html", width=360)
    cards = browser.find_elements(By.CSS_SELECTOR, ".card")
    assert max(card.size["height"] for card in cards) < 600  # CSS pixels; 3,000 characters would take 2,700
    text = cards[0].find_element(By.CSS_SELECTOR, ".text")
    assert text.accessible_name == "Text at temperature 0"
    text.send_keys(Keys.ARROW_DOWN)
    WebDriverWait(browser, 30).until(lambda d: d.execute_script("return arguments[0].scrollTop", text) > 0)
    assert epoch_shown(browser) == EPOCHS[0]
