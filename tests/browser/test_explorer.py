"""What a person sees and does on the page: epochs, samples, marks, and whether everyone can use it."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from stages.core.report.explorer import Baseline, ExplorerData, render_explorer
from tests.browser.page import console, epoch_shown, open_page, requests, texts
from tests.support.explorer_example import BEST_EPOCH, EPOCHS, MARKUP, TEMPERATURES, example_data, sample_text

KNOB_WIDTH = 22
CONTROLS = "button, input, select, textarea, summary"


def written(folder: Path, data: ExplorerData) -> Path:
    path = folder / "index.html"
    path.write_text(render_explorer(data), encoding="utf-8")
    return path


def visible_controls(driver: Chrome) -> list[WebElement]:
    return [control for control in driver.find_elements(By.CSS_SELECTOR, CONTROLS) if control.is_displayed()]


def test_console_stays_clean_and_nothing_is_loaded_from_elsewhere(driver: Chrome, page: Path) -> None:
    driver.find_element(By.ID, "epoch").send_keys(Keys.END)
    driver.find_element(By.ID, "write").click()
    Select(driver.find_element(By.ID, "score")).select_by_index(1)
    assert console(driver) == []
    assert requests(driver, page) in ({page.as_uri()}, {page.as_uri(), "data:,"})


def test_slider_and_arrow_keys_move_the_epoch(driver: Chrome) -> None:
    slider = driver.find_element(By.ID, "epoch")
    assert epoch_shown(driver) == EPOCHS[0]
    slider.send_keys(Keys.ARROW_RIGHT)
    assert epoch_shown(driver) == EPOCHS[1]
    driver.find_element(By.ID, "play").send_keys(Keys.ARROW_RIGHT)
    assert epoch_shown(driver) == BEST_EPOCH
    assert slider.get_attribute("aria-valuetext") == "3 of 5, the best"
    slider.send_keys(Keys.END, Keys.ARROW_RIGHT)
    assert epoch_shown(driver) == EPOCHS[-1]


def test_arrow_keys_move_the_epoch_from_a_checkbox_too(driver: Chrome) -> None:
    driver.find_element(By.ID, "show-copied").send_keys(Keys.ARROW_RIGHT)
    assert epoch_shown(driver) == EPOCHS[1]


def test_arrow_keys_in_a_text_stay_there(driver: Chrome) -> None:
    driver.find_element(By.ID, "prompt").send_keys(Keys.ARROW_RIGHT)
    assert epoch_shown(driver) == EPOCHS[0]


def test_play_goes_to_the_last_epoch_and_starts_again_from_the_first(driver: Chrome) -> None:
    play = driver.find_element(By.ID, "play")
    play.click()
    assert play.text == "Pause"
    WebDriverWait(driver, 30).until(lambda d: epoch_shown(d) == EPOCHS[-1])
    assert play.text == "Play"
    play.click()
    assert epoch_shown(driver) == EPOCHS[0]
    play.click()
    assert play.text == "Play"


def test_a_click_on_the_curve_goes_to_its_epoch(driver: Chrome) -> None:
    driver.find_element(By.ID, "loss-plot").click()  # its middle
    assert epoch_shown(driver) == EPOCHS[len(EPOCHS) // 2]


def test_cards_show_the_samples_of_the_epoch_markup_and_all(driver: Chrome) -> None:
    for epoch in EPOCHS:
        assert texts(driver, ".card .prompt") == [f"prompt {epoch} "] * len(TEMPERATURES)
        assert texts(driver, ".card .made") == [sample_text(epoch, t) for t in TEMPERATURES]
        driver.find_element(By.ID, "epoch").send_keys(Keys.ARROW_RIGHT)
    assert texts(driver, ".card h3") == [
        "temperature 0 greedy",
        "temperature 0.5",
        "temperature 1.0",
        "temperature ∞ uniform",
    ]
    assert texts(driver, "#lead i") == [f"corpus {MARKUP}"]


def test_marks_stand_on_their_characters_and_can_be_taken_away(driver: Chrome) -> None:
    first = driver.find_elements(By.CSS_SELECTOR, ".card")[0]
    marks = first.find_elements(By.TAG_NAME, "mark")
    assert [(mark.text, mark.get_attribute("class")) for mark in marks] == [
        ("qu", "unknown"),
        ("og", "unknown copied"),
        ("copied", "copied"),
    ]
    assert marks[0].value_of_css_property("text-decoration-line") == "underline"
    assert marks[2].value_of_css_property("border-bottom-style") == "solid"
    driver.find_element(By.ID, "show-unknown").click()
    assert marks[0].value_of_css_property("text-decoration-line") == "none"
    assert marks[2].value_of_css_property("border-bottom-style") == "solid"
    driver.find_element(By.ID, "show-copied").click()
    assert marks[2].value_of_css_property("border-bottom-style") == "none"


def test_the_loss_curve_names_best_epoch_and_rollback(driver: Chrome) -> None:
    titles = texts(driver, "#loss-plot title")
    assert titles == ["Epoch 4: rolled back, learning rate 0.01", "best epoch: 3"]
    label = driver.find_element(By.CSS_SELECTOR, "#loss-plot svg").get_attribute("aria-label")
    assert label is not None
    assert "1.500 at the best epoch, 3" in label


@pytest.mark.parametrize("epochs", [(1,), EPOCHS])
def test_the_knob_of_the_slider_stands_under_its_epoch(
    browser: Chrome, tmp_path: Path, epochs: tuple[int, ...]
) -> None:
    open_page(browser, written(tmp_path, example_data(epochs=epochs)))
    for key, share in ((Keys.HOME, 0), (Keys.END, int(len(epochs) > 1))):
        slider = browser.find_element(By.ID, "epoch")
        slider.send_keys(key)
        line = browser.find_element(By.CSS_SELECTOR, "#loss-plot .current")
        left = browser.find_element(By.ID, "loss-plot").rect["x"]
        knob = slider.rect["x"] + KNOB_WIDTH / 2 + share * (slider.rect["width"] - KNOB_WIDTH)
        assert left + float(line.get_attribute("x1") or "nan") == pytest.approx(knob, abs=0.5)


def test_baselines_of_the_first_epoch_s_reach_are_drawn_and_all_are_listed(browser: Chrome, tmp_path: Path) -> None:
    losses = {"1-gram": 99.0, "2-gram": 2.0, "3-gram": 1.41, "packed": 1.4}
    baselines = tuple(Baseline(name=name, bits=loss) for name, loss in losses.items())
    open_page(browser, written(tmp_path, replace(example_data(), baselines=baselines)))
    assert len(browser.find_elements(By.CSS_SELECTOR, "#loss-plot .level")) == 3
    names = [text for text in texts(browser, "#loss-plot .tick") if "-gram" in text]
    assert names == ["2-gram", "3-gram, packed"]  # the last two too close together for a line each
    assert texts(browser, "#baseline-table tbody th") == list(losses)


def test_no_temperature_is_cut_off_the_quality_chart(browser: Chrome, tmp_path: Path) -> None:
    data = example_data()
    values = dict(zip(TEMPERATURES, (0.1, 1.0, 2.0, 5.8), strict=True))
    scores = tuple(replace(s, values={"entropy_bits": values[s.temperature]}) for s in data.scores)
    open_page(browser, written(tmp_path, replace(data, scores=scores, score_labels={"entropy_bits": "Entropy"})))
    dots = browser.find_elements(By.CSS_SELECTOR, "#quality-plot .dot")
    heights = [float(dot.get_attribute("cy") or "nan") for dot in dots]
    assert heights == sorted(set(heights), reverse=True)
    assert len(heights) == len(TEMPERATURES)


def test_a_collapse_is_cut_off_the_loss_chart(browser: Chrome, tmp_path: Path) -> None:
    data = example_data()
    collapsed = replace(data.history[-1], val_bits=1000.0)
    open_page(browser, written(tmp_path, replace(data, history=(*data.history[:-1], collapsed))))
    assert any(re.fullmatch(r"above \d.*: not drawn", text) for text in texts(browser, "#loss-plot .tick"))


def test_fields_that_the_browser_fills_in_again_show_what_they_say(driver: Chrome) -> None:
    driver.find_element(By.ID, "epoch").send_keys(Keys.END)
    driver.find_element(By.ID, "show-copied").click()
    Select(driver.find_element(By.ID, "score")).select_by_index(1)
    driver.find_element(By.ID, "temperature").send_keys(Keys.HOME)
    driver.find_element(By.ID, "prompt").send_keys("abc")
    shown = ("#epoch-name", "#temperature-name", "#output-prompt", "#quality-legend b")
    before = [texts(driver, selector) for selector in shown]
    driver.get("about:blank")
    driver.back()
    WebDriverWait(driver, 30).until(lambda d: epoch_shown(d) == EPOCHS[-1])
    assert [texts(driver, selector) for selector in shown] == before
    assert driver.find_element(By.TAG_NAME, "body").get_attribute("class") == "with-unknown"


def test_the_legend_says_how_long_a_copied_passage_is(driver: Chrome) -> None:
    assert "copied from it, 9 or more characters long" in driver.find_element(By.CSS_SELECTOR, ".marks").text


@pytest.mark.parametrize(("width", "num_columns"), [(360, 1), (768, 2), (1000, 2), (1280, 4)])
def test_no_card_is_left_over_in_a_row(browser: Chrome, page: Path, width: int, num_columns: int) -> None:
    open_page(browser, page, width=width)
    columns = browser.find_element(By.ID, "cards").value_of_css_property("grid-template-columns")
    assert len(columns.split()) == num_columns


def test_quality_legend_shows_the_scores_of_the_epoch_and_of_people(driver: Chrome) -> None:
    driver.find_element(By.ID, "epoch").send_keys(Keys.ARROW_RIGHT)
    assert texts(driver, "#quality-legend b") == ["50.0 %"] * len(TEMPERATURES) + ["95.0 %"]
    Select(driver.find_element(By.ID, "score")).select_by_index(1)  # nothing but gaps
    assert texts(driver, "#quality-legend b") == ["–"] * len(TEMPERATURES)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(browser: Chrome, page: Path, width: int) -> None:
    open_page(browser, page, width=width)
    assert browser.execute_script("return document.documentElement.scrollWidth") == width


def test_every_control_has_a_name_and_a_visible_focus_and_is_reached_by_tab(driver: Chrome) -> None:
    reached = []
    for _ in visible_controls(driver):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        focused = driver.switch_to.active_element
        assert focused.accessible_name.strip()
        assert focused.value_of_css_property("outline-style") == "solid"
        reached.append(focused)
    assert reached == visible_controls(driver)


def test_a_table_wider_than_a_phone_is_moved_by_keys(browser: Chrome, page: Path) -> None:
    open_page(browser, page, width=360)
    summary = browser.find_element(By.TAG_NAME, "summary")
    summary.send_keys(Keys.ENTER)
    summary.send_keys(Keys.TAB)
    table = browser.switch_to.active_element
    assert table.accessible_name == "Losses by epoch"
    table.send_keys(Keys.ARROW_RIGHT)
    WebDriverWait(browser, 30).until(lambda d: d.execute_script("return arguments[0].scrollLeft", table) > 0)
    assert epoch_shown(browser) == EPOCHS[0]


@pytest.mark.parametrize("dark", [False, True])
def test_text_contrast_is_at_least_aa(browser: Chrome, page: Path, dark: bool) -> None:
    open_page(browser, page, dark=dark)
    script = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
    measured = browser.execute_script(script)
    assert len(measured["texts"]) > 40
    assert [text for text in measured["texts"] if text["contrast"] < 4.5] == []
    assert (measured["paper"] < 0.1) == dark


def test_prompts_of_one_epoch_are_shown_one_at_a_time(browser: Chrome, tmp_path: Path) -> None:
    data = example_data(epochs=(1,))
    second = tuple(replace(sample, prompt="second") for sample in data.samples)
    open_page(browser, written(tmp_path, replace(data, samples=data.samples + second)))
    select = Select(browser.find_element(By.ID, "prompt-number"))
    assert [option.text for option in select.options] == ["1", "2"]
    assert texts(browser, ".card .prompt") == ["prompt 1 "] * len(TEMPERATURES)
    select.select_by_index(1)
    assert texts(browser, ".card .prompt") == ["second"] * len(TEMPERATURES)


def test_one_epoch_without_samples_scores_or_losses_is_enough(browser: Chrome, tmp_path: Path) -> None:
    data = example_data(epochs=(1,))
    history = (replace(data.history[0], bits=math.inf, val_bits=math.nan),)
    bare = replace(data, history=history, samples=(), scores=(), score_labels={}, baselines=())
    open_page(browser, written(tmp_path, bare))
    assert not browser.find_element(By.ID, "quality").is_displayed()
    assert texts(browser, "#loss-legend b") == ["–", "–"]
    assert len(visible_controls(browser)) > 10
    assert console(browser) == []


def test_page_runs_inside_a_sandboxed_frame(browser: Chrome, page: Path, tmp_path: Path) -> None:
    frame = tmp_path / "frame.html"
    frame.write_text(f'<iframe sandbox="allow-scripts" src="{page.as_uri()}"></iframe>', encoding="utf-8")
    open_page(browser, frame)
    browser.switch_to.frame(0)
    browser.find_element(By.ID, "epoch").send_keys(Keys.ARROW_RIGHT)
    assert epoch_shown(browser) == EPOCHS[1]
    assert console(browser) == []
