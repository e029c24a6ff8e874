"""What is measured with: the corpus if it is there, or a text made up of as many distinct characters."""

import dataclasses
import random
from functools import cache

from stages.core.pipeline import params
from stages.core.pipeline.params import DownloadParams, TrainParams, VectorizeParams
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData
from stages.lowercase import lower_cased, read_text
from stages.vectorize import plan_windows
from tests.support.project import ROOT

# lower-cased, as many distinct characters as the corpus has, and as few of them beyond ASCII
LETTERS = "abcdefghijklmnopqrstuvwxyz"
OTHERS = "0123456789.,;:!?-'\"()[]_="
RARE = "äæéë"
NUM_CORPUS_CHARACTERS = 600_893
BATCH_SIZE = 128
WINDOWS = VectorizeParams(window_length=60, stride=3, validation_fraction=0.1)


def made_up_text(num_characters: int) -> str:
    """Return words of random letters in lines, every other one with a capital; the same every time."""
    choose = random.Random(0)
    words = ["".join(choose.choices(LETTERS, k=choose.randint(1, 9))) for _ in range(2000)]
    words += [word.capitalize() for word in words] + [f"{choose.choice(words)}{mark}" for mark in OTHERS * 20]
    lines = ["".join(RARE) + "\n"]
    num_made = len(lines[0])
    while num_made < min(num_characters, 1_000_000):
        lines.append(" ".join(choose.choices(words, k=11)) + "\n")
        num_made += len(lines[-1])
    block = "".join(lines)
    return (block * (num_characters // len(block) + 1))[:num_characters]


@cache
def corpus() -> tuple[str, str]:
    """Return a lower-cased text and what it is."""
    file = params.load(DownloadParams).files[0]
    for path in (ROOT / "data" / "raw" / file.name, *(ROOT / source for source in file.sources if "://" not in source)):
        if path.is_file():
            return "".join(lower_cased(read_text(path, "utf-8"))), file.name
    return made_up_text(NUM_CORPUS_CHARACTERS).lower(), "made-up text"


def train_params(units: int, backend: str) -> TrainParams:
    """Return the settings of the project with these."""
    return dataclasses.replace(params.load(TrainParams), units=units, batch_size=BATCH_SIZE, lstm_backend=backend)


def window_data() -> WindowData:
    """Return the windows of the corpus."""
    text, _ = corpus()
    tokenizer = Characters.of(text)
    return WindowData(tokenizer.encode(text), tokenizer, plan_windows(WINDOWS, len(text)))
