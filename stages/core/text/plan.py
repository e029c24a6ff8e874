"""How a text is cut: into a part for training and a part for validation, and each into windows."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """How a row of tokens is cut into windows, for training and for validation.

    The validation part is the end of the row, cut off before windowing: no window straddles the cut. Where each
    token is a character, the numbers of tokens are those of characters, and plan.json leaves them out.

    >>> plan = WindowPlan(window_length=2, stride=1, num_characters=7, num_validation_characters=3)
    >>> plan.num_training_tokens, plan.num_validation_tokens
    (4, 3)
    >>> plan.num_training_windows, plan.num_validation_windows
    (2, 1)
    """

    window_length: int  # tokens that the network sees
    stride: int  # tokens from the start of one window to the start of the next
    num_characters: int  # of the whole text
    num_validation_characters: int
    num_tokens: int = -1  # of the whole text; -1: as many as characters
    num_validation_tokens: int = -1

    def __post_init__(self) -> None:
        """Refuse numbers that are not a plan."""
        if not all(type(number) is int for number in vars(self).values()):
            raise ValueError("a plan has integers only")
        if self.num_tokens == self.num_validation_tokens == -1:
            object.__setattr__(self, "num_tokens", self.num_characters)
            object.__setattr__(self, "num_validation_tokens", self.num_validation_characters)
        if self.window_length < 1 or self.stride < 1:
            raise ValueError("window_length and stride must be >= 1")
        if not 0 <= self.num_validation_characters <= self.num_characters:
            raise ValueError("num_validation_characters must be from 0 to num_characters")
        if not 0 <= self.num_validation_tokens <= self.num_tokens:
            raise ValueError("num_validation_tokens must be from 0 to num_tokens")

    @property
    def num_training_characters(self) -> int:
        """The number of characters before the cut."""
        return self.num_characters - self.num_validation_characters

    @property
    def num_training_tokens(self) -> int:
        """The number of tokens before the cut: the place of the cut in the row of ids."""
        return self.num_tokens - self.num_validation_tokens

    @property
    def num_training_windows(self) -> int:
        """The number of windows for training."""
        return num_windows(self.num_training_tokens, self.window_length, self.stride)

    @property
    def num_validation_windows(self) -> int:
        """The number of windows for validation."""
        return num_windows(self.num_validation_tokens, self.window_length, self.stride)

    def to_json(self) -> dict[str, Any]:
        """Return what `WindowPlan(**value)` takes back."""
        values = dict(vars(self))
        if (self.num_tokens, self.num_validation_tokens) == (self.num_characters, self.num_validation_characters):
            del values["num_tokens"], values["num_validation_tokens"]
        return values


def num_windows(num_tokens: int, window_length: int, stride: int) -> int:
    """Return how many windows, each with the token that follows it, fit into a row.

    >>> num_windows(600_893, 60, 3)
    200278
    """
    return max(0, -(-(num_tokens - window_length) // stride))
