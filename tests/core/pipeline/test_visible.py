"""Text of unknown origin, made harmless."""

import unicodedata
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.core.pipeline.visible import visible

anything = st.text(st.characters(), max_size=30) | st.text("a\0\x1b\x9b\u202e\u2066\udc80\uefc3\ufffe\n\t", max_size=30)


@given(anything)
@example("".join(map(chr, range(0x110000))))
def test_what_is_visible_is_harmless(text: str) -> None:
    shown = visible(text)
    kept = shown.replace("\n", "").replace("\t", "")
    assert not {unicodedata.category(character) for character in kept} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(character) for character in kept} & {
        *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    }
    assert ElementTree.fromstring(f"<a>_{escape(shown)}</a>").text == f"_{shown}"
    assert visible(shown) == shown


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), max_size=30))
@example("שלום 中文 🙂 क्ष\n\t\u200d\u200c\xad")
def test_what_is_harmless_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\0\x1b\x7f\x9b\r", "\\x00\\x1b\\x7f\\x9b\\x0d"),
        ("\u202e\u2028\ud800\uffff", "\\u202e\\u2028\\ud800\\uffff"),
        ("\u200b\U000e0041", "\\u200b\\U000e0041"),
        ("\uef80\uefff", "\\x80\\xff"),
    ],
)
def test_how_it_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown
