"""Text for a terminal, which shows whatever is in it and obeys none of it."""

import sys

from stages.core.pipeline.visible import visible


def for_output(text: str) -> str:
    """Return a text for standard output: visible on a terminal, unchanged for a file or another program."""
    return visible(text) if sys.stdout.isatty() else text
