"""A trained network as everything but training sees it: something that gives the logits of the next token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.networks.description import NetworkDescription
from stages.core.networks.table import stepper_module
from stages.core.text.tokenizer import Tokenizer

# (N,) the token that each of N streams was just given -> (N, V) logits of its next
NextLogits = Callable[[NDArray[Any]], NDArray[np.floating]]


@dataclass(frozen=True)
class Network:
    """One epoch's weights, with the description that says what they are."""

    description: NetworkDescription
    weights: Mapping[str, NDArray[np.float32]]

    @property
    def tokenizer(self) -> Tokenizer:
        """What its ids mean."""
        return self.description.tokenizer

    @property
    def window_length(self) -> int:
        """The tokens that it sees."""
        return self.description.window_length

    def stepper(self, num_streams: int) -> NextLogits:
        """Return a function that is given one token of each stream at a time, and returns the logits of the next."""
        module = stepper_module(self.description.kind)
        made: NextLogits = module.stepper(self.weights, self.description, num_streams)
        return made
