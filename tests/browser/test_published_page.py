"""The page of the published run: what a visitor sees first must show what the network can do."""

import re

from selenium.webdriver import Chrome

from tests.browser.page import console, open_page, write
from tests.documents.published import only_published
from tests.support.project import ROOT

PAGE = ROOT / "reports" / "index.html"
LONGEST_GAP = 10  # spaces in a row; a prompt with many of them once led the network to write nothing else


@only_published
def test_default_prompt_and_seed_lead_to_words(browser: Chrome) -> None:
    open_page(browser, PAGE)
    text = write(browser, 300)
    assert not re.search(rf"\s{{{LONGEST_GAP},}}", text)
    known = set(re.findall(r"\w+", " ".join(browser.execute_script("return data.samples.map((s) => s.prompt)"))))
    words = re.findall(r"\w+", text)
    assert len(set(words)) > 20
    assert sum(word in known for word in words) > len(words) / 3
    assert console(browser) == []
