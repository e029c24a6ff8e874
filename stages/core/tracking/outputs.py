"""Which stage logs which files to MLflow, and under which name: stages, `sync` and `reproduce` read it here."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where the outputs are."""

    windows: Path = Path("data/windows")
    models: Path = Path("models")
    reports: Path = Path("reports")


@dataclass(frozen=True)
class Output:
    """A file or folder that a stage has written."""

    folder: str  # a field of Folders
    name: str

    @property
    def artifact(self) -> str:
        """Its name in the run."""
        return self.name if self.folder == "reports" else f"{self.folder}/{self.name}"

    def path(self, folders: Folders) -> Path:
        """Return where it is."""
        path: Path = getattr(folders, self.folder) / self.name
        return path


# in the order of the stages; the last two stages complete the run that `sample` began
OUTPUTS = {
    "train": [Output("models", "network.json"), Output("models", "epochs"), Output("reports", "history.csv")],
    "sample": [Output("reports", "samples.csv"), Output("reports", "samples.md")],
    "evaluate": [Output("reports", name) for name in ("metrics.json", "scores.json", "scores.csv")],
    "report": [Output("reports", name) for name in ("prompt.csv", "index.md", "index.html", "figures")],
}
SAMPLES = OUTPUTS["sample"][0]
SAMPLING_STAGES = [stage for stage in OUTPUTS if stage != "train"]


def up_to(stage: str) -> list[str]:
    """Return the stages whose outputs belong to one sampling run when `stage` is the last of them."""
    return SAMPLING_STAGES[: SAMPLING_STAGES.index(stage) + 1]
