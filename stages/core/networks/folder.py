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
from stages.core.text.windows import WindowData


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
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise UserError(
                f"{path}: damaged ({reason}). Run `dvc checkout`, or `dvc repro` to make it again."
            ) from None
        return description

    def require_text(self, windows: Path, data: WindowData, windows_sha256: str) -> None:
        """Refuse weights that were trained on another text.

        Args:
            windows: folder of data/windows.
            data: its contents.
            windows_sha256: their hash.

        Raises:
            UserError: network.json is of another text, or is damaged.
        """
        description = self.description()
        if description.tokenizer.to_json() != data.tokenizer.to_json():
            differs = "has other tokens"
        elif description.window_length != data.plan.window_length:
            differs = f"has windows of {description.window_length} tokens, not {data.plan.window_length}"
        elif description.windows_sha256 != windows_sha256:
            differs = "was trained on another text"
        else:
            return
        raise UserError(
            f"{self.path / 'network.json'}: it does not belong to {windows}: it {differs}. Run `dvc repro` to train on "
            "this text, or `dvc checkout` to restore both."
        )

    def weights_path(self, epoch: int) -> Path:
        """Return where the weights after an epoch are; epoch 0 is before training."""
        return self.path / "epochs" / f"{epoch:03d}.weights.h5"

    def epochs(self) -> list[int]:
        """Return the trained epochs whose weights are there, ascending from 1."""
        found = [p for p in (self.path / "epochs").glob("[0-9][0-9][0-9].weights.h5") if p.is_file()]
        return sorted(int(p.name[:3]) for p in found if p.name[:3] != "000")

    def all_epochs(self) -> list[int]:
        """Return the epochs of a finished training, from 1 on.

        Raises:
            UserError: there is none, or one is missing before the last.
        """
        epochs = self.epochs()
        missing = sorted({*range(1, epochs[-1] + 1)} - {*epochs}) if epochs else [1]
        if missing:
            raise UserError(
                f"{self.weights_path(missing[0])} does not exist. Run `dvc checkout`, or `dvc repro` to make it again."
            )
        return epochs

    def network(self, epoch: int) -> Network:
        """Return the network as it was after an epoch.

        Raises:
            UserError: network.json or the weights are missing or damaged, or do not belong together.
        """
        description = self.description()
        layout = stepper_module(description.kind).layout(description)
        return Network(description, read_weights(self.weights_path(epoch), layout))
