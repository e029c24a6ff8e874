"""The folder models/: network.json and the weights of every epoch. It alone is enough to generate text."""

import math
from dataclasses import dataclass
from pathlib import Path

from stages.core.networks.description import NetworkDescription
from stages.core.networks.network import Network
from stages.core.networks.table import stepper_module
from stages.core.networks.weights import read_weights
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import read_json, write_json


@dataclass(frozen=True)
class ModelFolder:
    """The folder models/, or one like it."""

    path: Path

    def write_description(self, description: NetworkDescription) -> None:
        """Write network.json."""
        write_json(self.path / "network.json", description.to_json())

    def description(self) -> NetworkDescription:
        """Return what network.json says.

        Raises:
            UserError: it is missing or damaged.
        """
        path = self.path / "network.json"
        try:
            description = NetworkDescription.from_json(read_json(path))
            layout = stepper_module(description.kind).layout(description)
            if description.num_weights != sum(math.prod(shape) for _, shape in layout.values()):
                raise ValueError("num_weights is not what its settings and tokens give")
        except FileNotFoundError:
            raise UserError(f"{path} does not exist. Run `dvc repro` first.") from None
        except ValueError as error:
            raise UserError(
                f"{path}: damaged ({error}). Run `dvc checkout`, or `dvc repro` to make it again."
            ) from None
        return description

    def weights_path(self, epoch: int) -> Path:
        """Return where the weights after an epoch are; epoch 0 is before training."""
        return self.path / "epochs" / f"{epoch:03d}.weights.h5"

    def epochs(self) -> list[int]:
        """Return the trained epochs whose weights are there, ascending from 1."""
        found = {int(p.name[:3]) for p in (self.path / "epochs").glob("[0-9][0-9][0-9].weights.h5")}
        return sorted(found - {0})

    def network(self, epoch: int) -> Network:
        """Return the network as it was after an epoch.

        Raises:
            UserError: network.json or the weights are missing or damaged, or do not belong together.
        """
        description = self.description()
        layout = stepper_module(description.kind).layout(description)
        return Network(description, read_weights(self.weights_path(epoch), layout))
