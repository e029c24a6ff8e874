"""The run of a sweep, and a child run for each of its points, which MLflow's parallel coordinates compare."""

from collections.abc import Mapping

from stages.core.pipeline.files import sha256_of
from stages.core.tracking.provenance import BASELINE, EXPERIMENT
from stages.core.tracking.run import TrackedRun
from stages.core.tracking.training_run import TrainingRun

BITS = "held_out_bits_per_char"


class SweepRun(TrackedRun):
    """What was swept; children show the points, whether their training ran for this sweep or was logged long before."""

    def start(self, name: str, commit: str, swept: Mapping[str, str]) -> None:
        """Start the run, or adopt that of the same sweep from the same commit.

        Args:
            name: of the sweep.
            commit: that all points start from.
            swept: the values of each key, as they were given.
        """
        with self.connection.tolerate_errors():
            run = self._start("sweep", sha256_of(commit, name), name, {BASELINE: commit})
            self._log_parameters(run, swept)

    def log_point(self, experiment: str, overrides: Mapping[str, str], bits: float, fingerprint: str) -> None:
        """Log a point, unless that was done before: its parameters, its held-out bits, which training it is.

        Args:
            experiment: name of the experiment in DVC.
            overrides: its parameters.
            bits: per held-out character.
            fingerprint: of its training.
        """
        with self.connection.tolerate_errors():
            training = TrainingRun(self.connection).find(fingerprint)
            tags = {"mlflow.parentRunId": str(self.run_id), EXPERIMENT: experiment}
            if training is not None:  # it may have been logged under another name
                tags |= {"training.run_id": training.info.run_id, "training.name": str(training.info.run_name)}
            name = ", ".join(f"{key.rpartition('.')[2]}={value}" for key, value in overrides.items())
            identity = sha256_of(str(self.run_id), experiment)
            run = self._find("point", identity)
            if run is None:
                about = {"kind": "point", "fingerprint": identity}
                run = self._store().create_run(self.connection.experiment_id, tags=about | tags, run_name=name)
            self._log_parameters(run, overrides)
            # the only number, as parallel coordinates begin with the first by name; its training has the others
            self._log_metrics(run.info.run_id, {(BITS, 0): bits})
            if run.info.status != "FINISHED":
                self._store().set_terminated(run.info.run_id)
