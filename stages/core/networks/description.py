"""network.json: what a network is, its tokens, where it comes from. Checked once, here, when it is read."""

from dataclasses import dataclass, field
from typing import Any

from stages.core.networks.table import NETWORKS
from stages.core.text.tokenizer import Tokenizer, tokenizer_from_json

TARGETS = ("last", "every")
# of a size in network.json: more would not fit into memory, so the file is damaged
MAX_WEIGHTS = 1 << 30
MAX_WINDOW_LENGTH = 1 << 20
MAX_SETTING = 1 << 16


@dataclass(frozen=True, kw_only=True)
class NetworkDescription:
    """What network.json says."""

    kind: str  # a key of NETWORKS
    settings: dict[str, int]  # of that kind, such as units
    tokenizer: Tokenizer
    window_length: int  # tokens that the network sees
    targets: str  # last: each window predicts the token after it; every: each of its positions predicts the next
    carries_state: bool  # from one window to the next, so that it sees all that came before
    num_weights: int
    fingerprint: str  # of everything that decides the weights; the MLflow run is found by it
    windows_sha256: str  # of data/windows
    parameters: dict[str, Any] = field(default_factory=dict)  # section train of params.yaml
    packages: dict[str, str] = field(default_factory=dict)  # versions trained with

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return vars(self) | {"tokenizer": self.tokenizer.to_json()}

    @classmethod
    def from_json(cls, value: Any) -> "NetworkDescription":
        """Return the description that `to_json` made.

        Raises:
            ValueError: a key is missing or unknown, or a value is of the wrong kind or out of range.
        """
        if not isinstance(value, dict) or value.keys() != cls.__dataclass_fields__.keys():
            raise ValueError(f"it must have the keys {', '.join(cls.__dataclass_fields__)}")
        _require(value["kind"] in NETWORKS if isinstance(value["kind"], str) else False, "kind", ", ".join(NETWORKS))
        _require(value["targets"] in TARGETS, "targets", ", ".join(TARGETS))
        _require(isinstance(value["settings"], dict), "settings", "a mapping")
        _require(not value["carries_state"] or value["targets"] == "every", "targets", "every, to carry a state")
        _require(type(value["carries_state"]) is bool, "carries_state", "true or false")
        _require_size(value["window_length"], "window_length", MAX_WINDOW_LENGTH)
        _require_size(value["num_weights"], "num_weights", MAX_WEIGHTS)
        for name, number in value["settings"].items():
            _require_size(number, f"settings.{name}", MAX_SETTING)
        for name in ("fingerprint", "windows_sha256"):
            _require(isinstance(value[name], str), name, "a string")
        for name in ("parameters", "packages"):
            _require(isinstance(value[name], dict), name, "a mapping")
        return cls(**value | {"tokenizer": tokenizer_from_json(value["tokenizer"])})


def _require_size(value: Any, name: str, largest: int) -> None:
    _require(type(value) is int and 1 <= value <= largest, name, f"an integer from 1 to {largest}")


def _require(is_right: bool, name: str, requirement: str) -> None:
    if not is_right:
        raise ValueError(f"{name} must be {requirement}")
