"""Kill the pipeline 25 times and compare what comes out with a run that nobody disturbed: `make stress`."""

import tempfile
from pathlib import Path

import mlflow

from tests.end_to_end import killing
from tests.project import Project

NUM_KILLS = 25


def main() -> None:
    """Run it in a temporary folder; print where each kill hit."""
    killing.TRAIN["epochs"] = 4 * NUM_KILLS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "mlflow.db"
        mlflow.MlflowClient(f"sqlite:///{database}").search_experiments()
        project = Project.create(folder / "killed" / "zarathustra", database)
        undisturbed = project.copy(folder / "undisturbed")
        for hit in killing.kill_and_resume(project, undisturbed, NUM_KILLS, random_seed=1):
            print("killed; newest scratch:", Path(hit).name)
        print(f"{NUM_KILLS} kills survived; equal hashes of {len(project.locked_outputs())} outputs:")
        for path, md5 in project.locked_outputs().items():
            print(f"  {md5}  {path}")


if __name__ == "__main__":
    main()
