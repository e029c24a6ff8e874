"""Turn the text into integer ids, its tokenizer, and a plan of windows.

    python -m stages.vectorize data/corpus.txt data/corpus.json data/windows

Reads section vectorize of params.yaml; writes ids.npy, tokenizer.json and plan.json. It streams, in two passes: first
the tokens, then their ids; several files that are big together in several processes, which write the same bytes as one.
The end of each file is held out for validation: ids.npy has first the training part of every file, then the validation
part of every file.
"""

import logging
import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from stages.core.pipeline import params, progress, stage  # first, for it answers Ctrl-C

# isort: split

from stages.core.kernels.processors import default_num_threads
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import atomic_write
from stages.core.pipeline.params import VectorizeParams
from stages.core.text.corpus import CorpusOutline, OnRead, Part, ignore, read_parts
from stages.core.text.parallel import append, groups, in_order
from stages.core.text.plan import WindowPlan, num_windows
from stages.core.text.table import stream_module
from stages.core.text.tokenizer import Tokenizer
from stages.core.text.windows import write_header, write_plan

logger = logging.getLogger(__name__)


def collect(corpus: Path, outline: CorpusOutline, settings: VectorizeParams) -> Tokenizer:
    """Return the tokenizer of a corpus.

    Raises:
        UserError: the corpus has fewer than two distinct tokens.
    """
    if not sum(outline.num_characters):
        raise UserError(f"{corpus}: the corpus is empty. List a file with text in download.files.")
    stream = stream_module(settings.tokens)

    def work(files: range | None, on_read: OnRead = ignore) -> Tokenizer:
        parts = read_parts(corpus, outline, settings.validation_fraction, files, on_read)
        found: Tokenizer = stream.collect(parts, outline.is_text, settings.max_vocabulary)
        return found

    num_processes = default_num_threads()
    files = groups(outline.num_bytes, num_processes)
    tokenizer: Tokenizer
    with bar_of(outline, settings.tokens) as bar:
        if len(files) > 1 and hasattr(stream, "merged"):
            tokenizer = stream.merged(in_order(work, files, num_processes))
        else:  # of words, which are kept depends on all that came before
            tokenizer = work(None, bar.update)
    if tokenizer.size < 2:
        raise UserError(
            f"{corpus}: the corpus must have at least two distinct {settings.tokens} to learn from. "
            f"Received: {tokenizer.texts[0]!r} only. List another file in download.files."
        )
    return tokenizer


def write_ids(
    corpus: Path, outline: CorpusOutline, settings: VectorizeParams, tokenizer: Tokenizer, path: Path
) -> WindowPlan:
    """Write the ids of a text as one array (N,) of the smallest unsigned type; return how it is cut.

    Raises:
        UserError: the text is too short.
    """
    fraction = settings.validation_fraction
    num_processes = default_num_threads()
    files = groups(outline.num_bytes, num_processes)
    with (
        atomic_write(path) as partial,
        partial.open("wb") as file,
        TemporaryFile(dir=path.parent) as later,
        bar_of(outline, "ids") as bar,
    ):
        folder = partial.parent

        def work(group: range) -> tuple[int, int]:
            with (folder / f"{group.start}-t").open("wb") as training, (folder / f"{group.start}-v").open("wb") as rest:
                return write_parts(read_parts(corpus, outline, fraction, group), tokenizer, training, rest)

        write_header(file, tokenizer, 0)  # written again when the number is known
        if len(files) == 1:
            parts = read_parts(corpus, outline, fraction, on_read=bar.update)
            # of a single file, the validation part comes next anyway
            validation = file if len(outline.num_bytes) == 1 else later
            num_training_tokens, num_validation_tokens = write_parts(parts, tokenizer, file, validation)
        else:
            num_training_tokens = num_validation_tokens = 0
            for group, numbers in zip(files, in_order(work, files, num_processes), strict=True):
                append(file, folder / f"{group.start}-t")
                append(later, folder / f"{group.start}-v")
                bar.update(sum(outline.num_characters[group.start : group.stop]))
                num_training_tokens += numbers[0]
                num_validation_tokens += numbers[1]
        later.seek(0)
        shutil.copyfileobj(later, file, 1 << 20)
        file.seek(0)
        write_header(file, tokenizer, num_training_tokens + num_validation_tokens)
        check_length(settings, num_training_tokens, num_validation_tokens)
    return WindowPlan(
        window_length=settings.window_length,
        stride=settings.stride,
        num_characters=sum(outline.num_characters),
        num_validation_characters=sum(outline.num_validation_characters(fraction)),
        num_tokens=num_training_tokens + num_validation_tokens,
        num_validation_tokens=num_validation_tokens,
    )


def write_parts(parts: Iterable[Part], tokenizer: Tokenizer, training: Any, validation: Any) -> tuple[int, int]:
    """Write the ids of parts into two files; return how many went into each."""
    stream = stream_module(tokenizer.kind)
    numbers = {True: 0, False: 0}
    for part in parts:
        target = training if part.is_training else validation
        for ids in stream.ids(part.chunks, tokenizer):
            numbers[part.is_training] += target.write(ids.data) // ids.itemsize
    return numbers[True], numbers[False]


def bar_of(outline: CorpusOutline, title: str) -> Any:
    """Return a bar that shows how much of a corpus is read."""
    return progress.bar(total=sum(outline.num_characters), desc=title, unit="char", unit_scale=True)


def check_length(settings: VectorizeParams, num_training_tokens: int, num_validation_tokens: int) -> None:
    """Refuse a text that is too short for a window in the training or in the validation part.

    Raises:
        UserError: it says what would fit.
    """
    needed = settings.window_length + 1
    if num_training_tokens >= needed and num_validation_tokens >= needed:
        return
    num_tokens = num_training_tokens + num_validation_tokens
    unit = _unit(settings.tokens)
    why = (
        f"The training and the validation part each need a window and the token after it, {needed:,} {unit}, "
        f"so the corpus needs {2 * needed:,}"
    )
    if num_tokens < 2 * needed:
        shorter = f"Shorten the window to at most {num_tokens // 2 - 1:,} or add text" if num_tokens > 3 else "Add text"
        raise UserError(
            f"params.yaml: vectorize.window_length is too long for this corpus of {num_tokens:,} {unit}. "
            f"Received: {settings.window_length}. {why}. {shorter}."
        )
    lowest = math.ceil(1000 * needed / num_tokens) / 1000
    highest = math.floor(1000 * (1 - needed / num_tokens)) / 1000
    fits = f"from {lowest:g} to {highest:g}" if lowest < highest else "0.5"
    raise UserError(
        f"params.yaml: vectorize.validation_fraction must be {fits} for this corpus of {num_tokens:,} {unit}. "
        f"Received: {settings.validation_fraction:g}, which leaves {num_training_tokens:,} for "
        f"training and {num_validation_tokens:,} for validation. {why}."
    )


def log_counts(plan: WindowPlan, tokenizer: Tokenizer) -> None:
    """Tell how many tokens and windows there are, in numbers that add up."""
    tokens = "" if tokenizer.kind == "characters" else f" as {plan.num_tokens:,} {_unit(tokenizer.kind)}"
    logger.info("%s characters%s, %s distinct", f"{plan.num_characters:,}", tokens, f"{tokenizer.size:,}")
    logger.info(
        "windows: %s for training, %s for validation, which is cut off first",
        *(f"{plan.num_training_windows:,}", f"{plan.num_validation_windows:,}"),
    )
    whole = num_windows(plan.num_tokens, plan.window_length, plan.stride)
    across = whole - plan.num_training_windows - plan.num_validation_windows
    if across > 0:
        logger.info("Uncut, the text has %s: the other %s lie across the cut.", f"{whole:,}", f"{across:,}")


def _unit(kind: str) -> str:
    return "tokens" if kind == "words" else kind  # the text is spelled in characters as well


def main() -> None:
    """Read the text, write the folder of windows, tell the counts."""
    parser = stage.parser(__doc__)
    parser.add_argument("corpus", type=Path, help="text to read")
    parser.add_argument("outline", type=Path, help="JSON to read: how many characters each file has")
    parser.add_argument("windows", type=Path, help="folder to write")
    arguments = parser.parse_args()
    settings = params.load(VectorizeParams)
    outline = CorpusOutline.read(arguments.outline)
    tokenizer = collect(arguments.corpus, outline, settings)
    plan = write_ids(arguments.corpus, outline, settings, tokenizer, arguments.windows / "ids.npy")
    write_plan(arguments.windows, tokenizer, plan)
    log_counts(plan, tokenizer)


if __name__ == "__main__":
    stage.run("vectorize", main)
