"""The run of a sampling, with what evaluate and report made of it: a child of the run of its training."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from stages.core.pipeline.files import sha256_of_file
from stages.core.pipeline.params import temperature_label
from stages.core.tables.history import NATS_TO_BITS
from stages.core.tables.samples import samples_markdown
from stages.core.tracking.provenance import flattened
from stages.core.tracking.run import TrackedRun
from stages.core.tracking.store import Metric


class SamplingRun(TrackedRun):
    """Samples, their scores, metrics, figures and pages."""

    def start(self, training_fingerprint: str, parameters: Mapping[str, Any], samples: Path, *others: Path) -> None:
        """Start the run, or adopt the one that it is known by.

        That is known by what was generated, then by what evaluate and report made of that. Where this is other than
        what a run has, or was made with other parameters, that is another run: nothing is overwritten.

        Args:
            training_fingerprint: of the run that it belongs to.
            parameters: sections of params.yaml, of the stages so far.
            samples: reports/samples.csv.
            others: further files that these stages have written.
        """
        with self._survived():
            parent = self._find("training", training_fingerprint)
            tags = {"mlflow.parentRunId": parent.info.run_id} if parent else {}
            samples_sha256 = sha256_of_file(samples)
            fingerprint = f"{training_fingerprint[:32]}-{samples_sha256[:32]}"
            known_by = {f"sha256/{file.name}": sha256_of_file(file) for file in others}
            experiment = os.environ.get("DVC_EXP_NAME")
            name = f"{experiment}-sampling" if experiment else f"sampling-{samples_sha256[:8]}"
            adopted = self._find("sampling", fingerprint, parameters, known_by)
            run = self._start("sampling", fingerprint, name, tags | known_by, adopted)
            self._log_parameters(run, parameters)

    def log_samples(self, samples: pd.DataFrame, file: Path) -> None:
        """Log the samples, unless they are: their file, one text for each epoch, one table, mean entropies by epoch."""
        with self._survived():
            if self._run_id is None:
                return
            store, run_id = self._store(), self._run_id
            if self._has_artifact(store.get_run(run_id), "samples.json"):  # the last of them
                return
            for epoch, group in samples.groupby("epoch"):
                store.log_text(run_id, samples_markdown(group), f"samples/epoch_{epoch:03d}.md")
            store.log_text(run_id, samples_markdown(samples), file.with_suffix(".md").name)
            store.log_artifact(run_id, str(file))
            entropies = samples.groupby(["epoch", "temperature"])["entropy_nats"].mean() * NATS_TO_BITS
            self.log_scores(entropies.rename("entropy_bits").reset_index())
            store.log_table(run_id, samples, "samples.json")

    def log_scores(self, scores: pd.DataFrame) -> None:
        """Log each column but `epoch` and `temperature` as one metric by epoch for each temperature.

        What is there with the same value stays; a run that was killed or scored anew gets the rest.
        """
        with self._survived():
            if self._run_id is None:
                return
            logged = self._logged_metrics(self._run_id)
            names = [c for c in scores.columns if c not in ("epoch", "temperature")]
            rows = scores.to_dict("records")
            found = {
                (f"{name}/temperature_{temperature_label(row['temperature'])}", int(row["epoch"])): float(row[name])
                for row in rows
                for name in names
            }
            now = int(time.time() * 1000)
            # compared as texts: NaN is not equal to itself, and what comes from a table may differ in the last digit
            new = {k: v for k, v in found.items() if k not in logged or f"{logged[k]:.12g}" != f"{v:.12g}"}
            metrics = [Metric(key, value, now, step) for (key, step), value in new.items()]
            for i in range(0, len(metrics), 1000):  # the most that a batch may hold
                self._store().log_batch(self._run_id, metrics=metrics[i : i + 1000])

    def log_evaluation(self, metrics: Mapping[str, Any], scores: pd.DataFrame, *files: Path) -> None:
        """Log what metrics.json and scores.csv hold, and the two themselves."""
        self.log_summary(metrics)
        self.log_scores(scores)
        self.log_artifacts(*files)

    def log_summary(self, metrics: Mapping[str, Any]) -> None:
        """Log nested scalars, such as metrics.json, under their joined names."""
        with self._survived():
            if self._run_id is None:
                return
            logged = self._store().get_run(self._run_id).data.metrics
            flat = {key.replace(".", "/", 1): value for key, value in flattened(metrics).items()}
            self._log_metrics(self._run_id, {k: v for k, v in flat.items() if v is not None and logged.get(k) != v}, 0)

    def _logged_metrics(self, run_id: str) -> dict[tuple[str, int], float]:
        """Return the last value that each metric has at each step."""
        histories = [self._store().get_metric_history(run_id, k) for k in self._store().get_run(run_id).data.metrics]
        metrics = sorted((m for history in histories for m in history), key=lambda metric: metric.timestamp)
        return {(metric.key, metric.step): metric.value for metric in metrics}
