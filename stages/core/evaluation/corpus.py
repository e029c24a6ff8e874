"""The text by people that generated text is compared with: its words, its passages."""

import re
from dataclasses import dataclass, field
from functools import cached_property

from stages.core.evaluation.copies import CopyFinder
from stages.core.evaluation.excerpts import training_text
from stages.core.text.windows import WindowData

# letters, with single apostrophes or hyphens between them; case counts: "God" is not "god"
WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
JOINERS = "'’-"
SPACE = re.compile(r"[^\S\r\n]")  # within a line
# with spaces every sixth character or so is one; Chinese and Japanese have next to none, Thai has some between phrases
FEWEST_SPACES = 1 / 30
NO_WORDS = "Words are not scored: this text does not put spaces between them."
Span = tuple[int, int]


@dataclass(frozen=True)
class Corpus:
    """What generated text is compared with."""

    text: str = field(repr=False)

    @classmethod
    def of(cls, data: WindowData) -> "Corpus":
        """Return the training part of the data, or an excerpt of it where it is large."""
        return cls(training_text(data))

    @cached_property
    def words(self) -> frozenset[str]:
        """The distinct words."""
        return frozenset(match.group() for match in WORD.finditer(self.text))

    @cached_property
    def copies(self) -> CopyFinder:
        """Finds passages of this corpus in other texts."""
        return CopyFinder(self.text)

    @cached_property
    def has_spaces(self) -> bool:
        """Whether spaces separate its words: without them there are no words to score."""
        return sum(1 for _ in SPACE.finditer(self.text)) >= FEWEST_SPACES * len(self.text)

    def unknown_words(self, text: str) -> list[Span]:
        """Return start and end of the words that do not occur in the corpus; none where there are no words to score.

        >>> Corpus("god is dead .").unknown_words("a god is deaf . go")
        [(9, 13)]
        """
        if not self.has_spaces:
            return []
        return [span for span in whole_words(text) if text[slice(*span)] not in self.words]


def whole_words(text: str) -> list[Span]:
    """Return start and end of the words of a text, without those that its start and end may have cut.

    >>> whole_words("ave said so . i don'")
    [(4, 8), (9, 11), (14, 15)]
    """
    # a joiner at the start or the end may be the middle of a word
    first, last = len(text) - len(text.lstrip(JOINERS)), len(text.rstrip(JOINERS))
    spans = [match.span() for match in WORD.finditer(text)]
    return [(start, end) for start, end in spans if start > first and end < last]


def joined(spans: list[Span]) -> list[Span]:
    """Return sorted spans, those that overlap or touch merged into one.

    >>> joined([(0, 3), (2, 5), (7, 9)])
    [(0, 5), (7, 9)]
    """
    whole = spans[:1]
    for start, end in spans[1:]:
        if start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole
