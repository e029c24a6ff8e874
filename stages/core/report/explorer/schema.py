"""What the explorer shows. The page's scripts read these names."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stages.core.report.explorer.weights import Snapshot

Span = tuple[int, int]  # first character, and the one after the last, counted in Python characters


@dataclass(frozen=True, kw_only=True)
class EpochRow:
    """One row of the history. A loss that is not finite is a gap in the curve."""

    epoch: int
    bits: float  # per character, on the training windows
    val_bits: float  # per character, on held-out text
    learning_rate: float
    num_rollbacks: int  # in this epoch


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The text written after one epoch, at one temperature, from one prompt."""

    epoch: int  # 0 is before training
    temperature: float  # 0 is greedy, inf is uniform
    prompt: str
    text: str  # the continuation alone
    unknown_words: tuple[Span, ...] = ()  # words of `text` that do not occur in the corpus
    copied: tuple[Span, ...] = ()  # passages of `text` that do


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The scores of all text written after one epoch, at one temperature."""

    epoch: int
    temperature: float
    values: Mapping[str, float]  # a score that is missing here is a gap in its curve


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A loss to compare the held-out loss with, such as that of an n-gram model: a line across the curves."""

    name: str
    bits: float  # per character


@dataclass(frozen=True, kw_only=True)
class TokensOnPage:
    """What the ids of the network mean."""

    kind: str  # characters, words or bytes: see scripts/tokens.js
    texts: tuple[str, ...]  # of each id


@dataclass(frozen=True, kw_only=True)
class NetworkOnPage:
    """What network.json says of the network, as far as its script needs it."""

    kind: str  # a key of NETWORKS in scripts/networks/
    settings: Mapping[str, int]
    targets: str
    carries_state: bool
    window_length: int  # in tokens
    num_tokens: int
    num_weights: int


@dataclass(frozen=True, kw_only=True)
class ExplorerData:
    """Everything on the page."""

    corpus_title: str
    corpus_sha256: str
    tokens: TokensOnPage
    network: NetworkOnPage
    snapshots: tuple[Snapshot, ...]  # that the playground can write with, ascending by epoch; empty: no playground
    best_epoch: int
    held_out_bits: float  # per character, at the best epoch: of every held-out character, as the network writes
    history: tuple[EpochRow, ...]  # ascending
    samples: tuple[Sample, ...]
    copied_passage_length: int  # of the shortest passage that is marked as copied, in characters
    default_prompt: str
    held_out_text: str = ""  # that the network was not trained on, to guess from
    has_words: bool = True  # false where no spaces separate the words of the corpus: then none are marked
    score_labels: Mapping[str, str] = field(default_factory=dict)
    """What each score is called on the page, in the order of the list; *_fraction is shown in per cent."""
    scores: tuple[Scores, ...] = ()
    human_scores: Mapping[str, float] = field(default_factory=dict)  # of held-out text of the corpus
    baselines: tuple[Baseline, ...] = ()
