"""What the explorer shows. The page's script reads these very names."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stages.core.networks.weights import Weights

Span = tuple[int, int]  # first character, and the one after the last, counted in Python characters


@dataclass(frozen=True, kw_only=True)
class EpochRow:
    """One row of the history. A loss that is not a number is a gap in the curve."""

    epoch: int
    loss_nats_per_char: float
    val_loss_nats_per_char: float
    learning_rate: float
    num_rollbacks: int  # in this epoch


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What was written after one epoch, at one temperature, from one prompt."""

    epoch: int
    temperature: float  # 0 is greedy, inf is uniform
    prompt: str
    text: str  # the continuation alone
    unknown_words: tuple[Span, ...] = ()  # words of `text` that do not occur in the corpus
    copied: tuple[Span, ...] = ()  # passages of `text` that do


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The scores of all that was written after one epoch, at one temperature."""

    epoch: int
    temperature: float
    values: Mapping[str, float]  # a score that is missing here is a gap in its curve


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Something to hold the validation loss against, such as an n-gram model: a line across the curves."""

    name: str
    loss_nats_per_char: float


@dataclass(frozen=True, kw_only=True)
class ExplorerData:
    """All that is on the page."""

    corpus_title: str
    corpus_sha256: str
    tokens: tuple[str, ...]  # the text of each id
    window_length: int
    kind: str  # of network: a key of NETWORKS in explorer.js
    weights: Weights  # of the best epoch
    best_epoch: int
    history: tuple[EpochRow, ...]  # ascending
    samples: tuple[Sample, ...]
    copied_passage_length: int  # of the shortest passage that is marked as copied, in characters
    default_prompt: str
    score_labels: Mapping[str, str] = field(default_factory=dict)
    """What each score is called on the page, in the order of the list; *_fraction is shown in per cent."""
    scores: tuple[Scores, ...] = ()
    human_scores: Mapping[str, float] = field(default_factory=dict)  # of held-out text of the corpus
    baselines: tuple[Baseline, ...] = ()
