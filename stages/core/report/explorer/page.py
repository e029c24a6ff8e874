"""Puts template, styles, scripts and data together in one text, the same for the same data."""

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from importlib import resources
from typing import Any

import numpy as np

from stages.core.networks.table import NETWORKS
from stages.core.report.explorer.schema import ExplorerData

STYLES = (
    *("page", "texts", "charts", "controls", "sliders", "timeline", "playground", "distribution", "guess", "unit"),
    "print",
)
# one script, in this order: a file uses what stands in those before it; networks/<kind>.js comes after the second
SCRIPTS = (
    *("weights", "networks/network"),
    *("tokens", "sampling", "elements", "chart", "legend", "curves", "prose", "cards", "timeline"),
    *("distribution", "unit", "playground", "guess", "address", "page"),
)
MAX_BYTES = 12_000_000  # a larger page leaves its playground out


def render_explorer(data: ExplorerData) -> str:
    """Return the page, complete: it loads nothing, and no text of `data` is ever read as HTML."""
    page = _rendered(data)
    return page if len(page.encode()) <= MAX_BYTES else _rendered(replace(data, snapshots=()))


def _rendered(data: ExplorerData) -> str:
    scripts = [f"{name}.js" for name in SCRIPTS]
    if data.snapshots:
        scripts.insert(2, f"networks/{NETWORKS[data.network.kind].script}")
    parts = {
        "style": "\n".join(_asset(f"styles/{name}.css") for name in STYLES),
        "script": "\n".join(_asset(f"scripts/{name}") for name in scripts),
        "data": json_for_html(data),
    }
    # one pass, so that a text that looks like a placeholder stays as it is
    return re.sub(r"\{\{ (\w+) \}\}", lambda match: parts[match[1]], _asset("page.html"))


def json_for_html(value: Any) -> str:
    r"""Return a value as JSON that may stand inside a script element.

    Dataclasses become objects; arrays become base64 of their little-endian numbers; NaN is null, infinity a string.

    >>> json_for_html({"text": "</script>", "temperatures": (0.5, math.inf)})
    '{"text":"\\u003c/script>","temperatures":[0.5,"Infinity"]}'
    """
    # ASCII alone: U+2028 and lone surrogates are escaped too
    text = json.dumps(_plain(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return base64.b64encode(value.astype(value.dtype.newbyteorder("<")).tobytes()).decode("ascii")
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
