"""Text of unknown origin, made harmless for whatever shows it: a terminal, a figure, Markdown, HTML.

Use `visible` for every text that comes from a corpus, a network, a prompt, the name of a run, or a file, wherever it is
shown to a person. Never use it for what is encoded, compared, scored or written to a table: it changes the text.
"""

import re

# control characters but tab and line feed; marks that reverse the direction of text; what breaks lines or hides
# unseen; halves of surrogate pairs and what XML forbids; bytes of no whole character (see bytes_). The joiners U+200C
# and U+200D and the soft hyphen belong to words and stay.
HARMFUL = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\uef80-\uefff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Return `text` with each control, escape or bidirectional character as Python writes it: ESC is \x1b.

    Tab and line feed stay. The result can be encoded as UTF-8 and stands in XML; escape it for HTML or Markdown as any
    other text. It is the same whether it was made visible once or twice.

    >>> print(visible("a\x1b[31mb\u202ec\x00\n"), end="")
    a\x1b[31mb\u202ec\x00
    >>> print(visible("\uefc3"))  # the first byte of "ä", alone
    \xc3
    """
    return HARMFUL.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    point = ord(match[0])
    if 0xEF80 <= point <= 0xEFFF:
        point -= 0xEF00
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
