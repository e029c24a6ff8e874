"""The templates of `dvc plots show`: temperatures and losses can be told apart on white paper."""

import json
from typing import Any

import pytest

from tests.support.project import ROOT

TEMPLATES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / ".dvc/plots").glob("*.json")}
CHANNEL_WEIGHTS = (0.2126, 0.7152, 0.0722)


def contrast_to_white(color: str) -> float:
    """Return the contrast ratio of a colour like #2b6cb0 (WCAG 2.2, relative luminance)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 1.05 / (sum(weight * c for weight, c in zip(CHANNEL_WEIGHTS, linear, strict=True)) + 0.05)


@pytest.mark.parametrize(("template", "num_lines"), [("by_temperature", 12), ("losses", 2)])
def test_each_line_has_a_colour_of_its_own_that_is_seen_on_white(template: str, num_lines: int) -> None:
    colors = TEMPLATES[template]["encoding"]["color"]["scale"]["range"]
    assert len(set(colors)) == num_lines
    assert {color: contrast_to_white(color) for color in colors if contrast_to_white(color) < 3} == {}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=list(TEMPLATES))
def test_the_key_shows_revisions_as_the_lines_are_drawn(template: dict[str, Any]) -> None:
    assert template["encoding"]["strokeDash"]["field"] == "rev"
    assert template["encoding"]["strokeDash"]["legend"]["symbolType"] == "stroke"


def test_temperatures_are_sorted_as_numbers() -> None:
    template = TEMPLATES["by_temperature"]
    assert template["encoding"]["color"]["sort"]["field"] in {t.get("as") for t in template["transform"]}
