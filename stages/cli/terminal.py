"""Text for a terminal: whatever is in it, the terminal only shows it."""

import sys

from stages.core.text.visible import visible


def for_output(text: str) -> str:
    """Return a text for standard output: as it is for a file or another program, visible for a terminal."""
    return visible(text) if sys.stdout.isatty() else text
