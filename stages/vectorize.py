"""Turn the text into integer ids, its tokenizer, and a plan of windows.

    python -m stages.vectorize data/corpus.txt data/windows

Reads section vectorize of params.yaml; writes ids.npy, tokenizer.json and plan.json. It streams, in two passes:
which characters there are, then their ids.
"""

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

from stages.core.pipeline import params, progress, stage  # first, for it answers Ctrl-C

# isort: split
import numpy as np
from numpy.typing import NDArray

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import atomic_write
from stages.core.pipeline.params import VectorizeParams
from stages.core.text.characters import Characters, code_points
from stages.core.text.windows import WindowPlan, write_plan

CHUNK_CHARACTERS = 1 << 20
NUM_CODE_POINTS = 0x110000
logger = logging.getLogger(__name__)


def read_code_points(corpus: Path, title: str) -> Iterator[NDArray[np.uint32]]:
    """Yield the code points of a UTF-8 text in chunks.

    Raises:
        UserError: it is not UTF-8.
    """
    with (
        corpus.open(encoding="utf-8", newline="\n") as file,
        progress.bar(total=corpus.stat().st_size, desc=title, unit="B", unit_scale=True) as bar,
    ):
        try:
            while text := file.read(CHUNK_CHARACTERS):
                bar.update(file.tell() - bar.n)
                yield code_points(text)
        except UnicodeDecodeError as error:
            raise UserError(f"{corpus}: not UTF-8 ({error.reason}). Run `dvc repro` to make it again.") from None


def collect_characters(corpus: Path) -> tuple[Characters, int]:
    """Return the distinct characters of a text and its length."""
    seen = np.zeros(NUM_CODE_POINTS, np.bool_)
    num_characters = 0
    for chunk in read_code_points(corpus, "characters"):
        seen[chunk] = True
        num_characters += len(chunk)
    return Characters("".join(map(chr, np.flatnonzero(seen)))), num_characters


def write_ids(corpus: Path, tokenizer: Characters, num_characters: int, path: Path) -> None:
    """Write the ids of a text as one array (N,) of the smallest unsigned type."""
    table = np.zeros(NUM_CODE_POINTS, tokenizer.dtype)
    table[code_points(tokenizer.characters)] = np.arange(tokenizer.size)
    header = {"descr": tokenizer.dtype.str, "fortran_order": False, "shape": (num_characters,)}
    with atomic_write(path) as partial, partial.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in read_code_points(corpus, "ids"):
            file.write(table[chunk].tobytes())


def plan_windows(settings: VectorizeParams, num_characters: int) -> WindowPlan:
    """Return the plan of windows for a text.

    Raises:
        UserError: the text is too short for a window in the training or in the validation part.
    """
    plan = WindowPlan(
        window_length=settings.window_length,
        stride=settings.stride,
        num_characters=num_characters,
        num_validation_characters=int(num_characters * settings.validation_fraction),
    )
    needed = settings.window_length + 1
    if num_characters < needed:
        raise UserError(
            f"params.yaml: vectorize.window_length must be less than the number of characters of the corpus, "
            f"{num_characters:,}. Received: {settings.window_length}. Shorten the window or add text."
        )
    if not plan.num_training_windows:
        raise UserError(
            f"params.yaml: vectorize.validation_fraction must leave at least {needed} characters for training; "
            f"{plan.num_training_characters} are left. Received: {settings.validation_fraction}. Lower it or add text."
        )
    if not plan.num_validation_windows:
        raise UserError(
            f"params.yaml: vectorize.validation_fraction must give a window for validation, {needed} characters; "
            f"it gives {plan.num_validation_characters}. Received: {settings.validation_fraction}. "
            "Raise it or add text."
        )
    return plan


def main() -> None:
    """Read the text, write the folder of windows, tell the counts."""
    parser = stage.parser(__doc__)
    parser.add_argument("corpus", type=Path, help="text to read, UTF-8")
    parser.add_argument("windows", type=Path, help="folder to write")
    arguments = parser.parse_args()
    settings = params.load(VectorizeParams)
    tokenizer, num_characters = collect_characters(arguments.corpus)
    if not num_characters:
        raise UserError(f"{arguments.corpus}: the corpus is empty. List a file with text in download.files.")
    if tokenizer.size < 2:
        raise UserError(
            f"{arguments.corpus}: the corpus must have at least two distinct characters to learn from. "
            f"Received: {tokenizer.characters!r} only. List another file in download.files."
        )
    plan = plan_windows(settings, num_characters)
    write_ids(arguments.corpus, tokenizer, num_characters, arguments.windows / "ids.npy")
    write_plan(arguments.windows, tokenizer, plan)
    training, validation = plan.num_training_windows, plan.num_validation_windows
    everything = dataclasses.replace(plan, num_validation_characters=0).num_training_windows
    logger.info("%s characters, %d distinct", f"{num_characters:,}", tokenizer.size)
    logger.info(
        "%s windows in all; parted before windowing: %s for training, %s for validation",
        *(f"{everything:,}", f"{training:,}", f"{validation:,}"),
    )


if __name__ == "__main__":
    stage.run("vectorize", main)
