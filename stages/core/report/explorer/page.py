"""The page put together: template, style, script and data in one text, the same for the same data."""

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import resources
from typing import Any

import numpy as np

from stages.core.report.explorer.schema import ExplorerData

STYLES = ("explorer.css", "texts.css", "charts.css", "controls.css", "sliders.css", "distribution.css", "print.css")
# one script, in this order: a file uses what stands in those before it
SCRIPTS = (
    "lstm.js",
    "sampling.js",
    "elements.js",
    "chart.js",
    "legend.js",
    "curves.js",
    "cards.js",
    "timeline.js",
    "distribution.js",
    "playground.js",
    "explorer.js",
)


def render_explorer(data: ExplorerData) -> str:
    """Return the page, complete: it loads nothing, and no text of `data` is ever read as HTML."""
    parts = {
        "style": "\n".join(map(_asset, STYLES)),
        "script": "\n".join(map(_asset, SCRIPTS)),
        "data": json_for_html(data),
    }
    # one pass, so that a text that looks like a placeholder stays as it is
    return re.sub(r"\{\{ (\w+) \}\}", lambda match: parts[match[1]], _asset("page.html"))


def json_for_html(value: Any) -> str:
    r"""Return a value as JSON that may stand inside a script element.

    Dataclasses become objects; arrays become base64 of little-endian float32; NaN is null, infinity a string.

    >>> json_for_html({"text": "</script>", "temperatures": (0.5, math.inf)})
    '{"text":"\\u003c/script>","temperatures":[0.5,"Infinity"]}'
    """
    # ASCII alone: U+2028 and lone surrogates are escaped too
    text = json.dumps(_plain(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return base64.b64encode(value.astype("<f4").tobytes()).decode("ascii")
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _asset(name: str) -> str:
    return resources.files(__package__ or "").joinpath(name).read_text(encoding="utf-8")
