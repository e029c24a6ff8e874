"""The folder models/: network.json and the weights of every epoch. It alone is enough to generate text."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stages.core.common.errors import UserError
from stages.core.common.files import read_json, write_json
from stages.core.model.weights import Weights, read_weights
from stages.core.text.vocabulary import Vocabulary


@dataclass(frozen=True, kw_only=True)
class NetworkDescription:
    """What network.json says: the network, its vocabulary, and where it comes from."""

    characters: str  # the vocabulary, in the order of the ids
    window_length: int
    units: int
    num_weights: int
    fingerprint: str  # of everything that decides the weights; the MLflow run is found by it
    windows_sha256: str  # of data/windows
    parameters: dict[str, Any] = field(default_factory=dict)  # section train of params.yaml
    packages: dict[str, str] = field(default_factory=dict)  # versions trained with

    @property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary that the network was trained with."""
        return Vocabulary(self.characters)


@dataclass(frozen=True)
class ModelFolder:
    """The folder models/, or one like it."""

    path: Path

    def write_description(self, description: NetworkDescription) -> None:
        """Write network.json."""
        write_json(self.path / "network.json", asdict(description))

    def description(self) -> NetworkDescription:
        """Return what network.json says.

        Raises:
            UserError: there is none.
        """
        try:
            return NetworkDescription(**read_json(self.path / "network.json"))
        except FileNotFoundError:
            raise UserError(f"{self.path / 'network.json'} does not exist. Run `dvc repro` first.") from None
        except (ValueError, TypeError) as error:
            raise UserError(f"{self.path / 'network.json'}: damaged ({error}). Run `dvc repro`.") from None

    def weights_path(self, epoch: int) -> Path:
        """Return where the weights after an epoch are."""
        return self.path / "epochs" / f"{epoch:03d}.weights.h5"

    def epochs(self) -> list[int]:
        """Return the epochs whose weights are there, ascending."""
        return sorted(int(p.name[:3]) for p in (self.path / "epochs").glob("[0-9][0-9][0-9].weights.h5"))

    def weights(self, epoch: int) -> Weights:
        """Return the weights after an epoch."""
        return read_weights(self.weights_path(epoch))
