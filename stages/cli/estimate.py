"""How long a stage would take: training by its epochs, windows and speed, the other stages as last time."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

from stages.cli.code_changes import listing
from stages.cli.planning import Planned
from stages.core.pipeline import params
from stages.core.pipeline.files import read_json, scratch_root, sha256_of
from stages.core.pipeline.timing import last_seconds, last_speed
from stages.core.text.plan import WindowPlan, num_windows
from stages.core.text.windows import windows_hash
from stages.core.training.fingerprint import training_fingerprint

WINDOWS = Path("data/windows")
MOST_TOKENS = 1 << 50  # of a text; a plan with more is damaged, and no float holds its numbers
OTHER_TOKENS = ("vectorize.tokens", "vectorize.max_vocabulary")


@dataclass(frozen=True)
class Estimate:
    """Seconds, None if they are unknown, and what is said of them."""

    seconds: float | None
    words: str


def estimate(stage: Planned, others: dict[str, Planned]) -> Estimate:
    """Return how long a stage would take. `others` are all stages by name."""
    if stage.name == "train":
        return _of_training(others["vectorize"].causes)
    seconds = last_seconds(stage.name)
    return Estimate(seconds, "no time known" if seconds is None else f"{duration(seconds)} last time")


def _of_training(changes_of_windows: tuple[str, ...]) -> Estimate:
    train = params.load_all()["train"]
    kept = 0 if changes_of_windows else kept_epochs(train)
    words = f"{kept} of {train.epochs} epochs are kept"
    left = train.epochs - kept
    speed, num_characters = last_speed(dataclasses.asdict(train)), characters_per_epoch(changes_of_windows)
    if left and (not speed or num_characters is None):
        return Estimate(None, f"{words}; no speed of this network known")
    seconds = left * (num_characters or 0) / (speed or math.inf)
    return Estimate(seconds, f"{words}; about {duration(seconds)}")


def kept_epochs(train: params.TrainParams) -> int:
    """Return how many epochs of this training, from the first, are in the scratch: `train` does not repeat them."""
    if not (WINDOWS / "plan.json").is_file():
        return 0
    try:
        windows_sha256 = windows_hash(WINDOWS)
    except OSError:
        return 0
    # "auto" is one of both; to ask TensorFlow which would take seconds
    backends = ("keras", "compiled") if train.lstm_backend == "auto" else (train.lstm_backend,)
    found = [0]
    for backend in backends:
        settings = dataclasses.asdict(train) | {"lstm_backend": backend}
        folder = scratch_root() / training_fingerprint(windows_sha256, settings, sha256_of(listing("train")))[:16]
        epochs = {path.name[:3] for path in folder.glob("[0-9][0-9][0-9].json")}
        missing = (epoch for epoch in range(1, train.epochs + 1) if f"{epoch:03d}" not in epochs)
        found.append(next(missing, train.epochs + 1) - 1)
    return max(found)


def characters_per_epoch(changes_of_windows: tuple[str, ...]) -> int | None:
    """Return the characters of all training windows: of data/windows, or for changed settings of the same text."""
    settings = params.load_all()["vectorize"]
    try:
        plan = WindowPlan(**read_json(WINDOWS / "plan.json"))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    if plan.num_tokens > MOST_TOKENS or plan.num_characters > MOST_TOKENS:
        return None
    window_length, num_training_windows = plan.window_length, plan.num_training_windows
    if changes_of_windows:
        if any(change.startswith(OTHER_TOKENS) for change in changes_of_windows):
            return None
        window_length, num_tokens = settings.window_length, int(plan.num_tokens * (1 - settings.validation_fraction))
        num_training_windows = num_windows(num_tokens, window_length, settings.stride)
    return round(num_training_windows * window_length * plan.num_characters / max(1, plan.num_tokens))


def duration(seconds: float) -> str:
    """Return a time in the units that people use.

    >>> duration(9.4), duration(1609.9), duration(7500)
    ('9 s', '27 min', '2 h 5 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
