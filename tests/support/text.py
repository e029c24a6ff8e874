"""Text made up of words drawn at random, the same every time."""

import random
from collections.abc import Sequence

WORDS = ("Ada", "Bertha", "climbs", "down", "every", "foggy", "ground", "hill", "in", "July", "keeping", "light")


def made_up_text(num_characters: int = 3000, words: Sequence[str] = WORDS) -> str:
    """Return sentences of eight words, one in each line."""
    draw = random.Random(0)
    lines: list[str] = []
    length = 0
    while length < num_characters:
        lines.append(" ".join(draw.choices(words, k=8)) + ".\n")
        length += len(lines[-1])
    return "".join(lines)[:num_characters]
