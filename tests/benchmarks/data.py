"""What is measured with: the corpus if it is there, or a text made up of as many distinct characters."""

import dataclasses
import random
from functools import cache

from stages.core.pipeline import params
from stages.core.pipeline.params import DownloadParams, TrainParams, VectorizeParams
from stages.core.text.characters import Characters
from stages.core.text.plan import WindowPlan
from stages.core.text.windows import WindowData
from stages.lowercase import lower_cased, read_text
from tests.support.project import ROOT
from tests.support.text import made_up_text

# lower-cased, as many distinct characters as the corpus has, and as few of them beyond ASCII
LETTERS = "abcdefghijklmnopqrstuvwxyz"
OTHERS = "0123456789.,;:!?-'\"()[]_="
RARE = "äæéë"
NUM_CORPUS_CHARACTERS = 600_893
BATCH_SIZE = 128
WINDOWS = VectorizeParams(tokens="characters", max_vocabulary=1, window_length=60, stride=3, validation_fraction=0.1)


def words() -> list[str]:
    """Return words of random letters, every other one with a capital, some with a mark after them."""
    choose = random.Random(0)
    plain = ["".join(choose.choices(LETTERS, k=choose.randint(1, 9))) for _ in range(2000)]
    marked = [f"{choose.choice(plain)}{mark}" for mark in OTHERS * 20]
    return ["".join(RARE), *plain, *(word.capitalize() for word in plain), *marked]


@cache
def corpus() -> tuple[str, str]:
    """Return a lower-cased text and what it is."""
    file = params.load(DownloadParams).files[0]
    for path in (ROOT / "data" / "raw" / file.name, *(ROOT / source for source in file.sources if "://" not in source)):
        if path.is_file():
            return "".join(lower_cased(read_text(path, "utf-8"))), file.name
    return made_up_text(NUM_CORPUS_CHARACTERS, words()).lower(), "made-up text"


def train_params(units: int, backend: str) -> TrainParams:
    """Return the settings of the project with these."""
    return dataclasses.replace(params.load(TrainParams), units=units, batch_size=BATCH_SIZE, lstm_backend=backend)


def window_data() -> WindowData:
    """Return the windows of the corpus."""
    text, _ = corpus()
    tokenizer = Characters.of(text)
    plan = WindowPlan(
        window_length=WINDOWS.window_length,
        stride=WINDOWS.stride,
        num_characters=len(text),
        num_validation_characters=int(len(text) * WINDOWS.validation_fraction),
    )
    return WindowData(tokenizer.encode(text), tokenizer, plan)
