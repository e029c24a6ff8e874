"""Kill the pipeline 25 times and compare what comes out with a run that nobody disturbed: `make stress`."""

import tempfile
from pathlib import Path

import mlflow

from tests.support.killing import IN_TRAINING, TRAIN, kill_and_resume, start_of
from tests.support.project import Project

# in the order of the stages, so that none of them is passed before its turn; more than 25, for some may miss
KILLS = {"download": 2, "lowercase": 2, "vectorize": 2, "train": 2, "sample": 3, "evaluate": 3, "report": 3}
LONGEST_PAUSE = {"download": 0.7, "lowercase": 0.5, "vectorize": 0.6}  # the others take longer
NUM_KILLS_IN_TRAINING = 14


def main() -> None:
    """Run it in a temporary folder; print where each kill hit."""
    moments = []
    for stage, num_kills in KILLS.items():
        moments += [start_of(stage, LONGEST_PAUSE.get(stage, 2.0))] * num_kills
        moments += [IN_TRAINING] * NUM_KILLS_IN_TRAINING if stage == "train" else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "mlflow.db"
        mlflow.MlflowClient(f"sqlite:///{database}").search_experiments()
        project = Project.create(folder / "killed" / "zarathustra", database)
        undisturbed = project.copy(folder / "undisturbed")
        for each in (project, undisturbed):
            each.set_params("train", **TRAIN | {"epochs": 8 * NUM_KILLS_IN_TRAINING})
        hits = kill_and_resume(project, undisturbed, moments, random_seed=1)
        for hit in hits:
            print("killed after:", hit)
        print(f"{len(hits)} kills survived; equal hashes of {len(project.locked_outputs())} outputs:")
        for path, md5 in project.locked_outputs().items():
            print(f"  {md5}  {path}")
    assert len(hits) >= 25, "too many ended before they were killed"


if __name__ == "__main__":
    main()
