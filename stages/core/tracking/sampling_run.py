"""The run of a sampling, with what evaluate and report made of it: a child of the run of its training."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.files import sha256_of_file
from stages.core.pipeline.params import temperature_label
from stages.core.pipeline.visible import visible
from stages.core.tables.history import NATS_TO_BITS
from stages.core.tables.metrics import read_metrics
from stages.core.tables.samples import read_samples, samples_markdown
from stages.core.tables.scores import KEYS, read_scores
from stages.core.tracking.describing import (
    TABLE,
    description_of_result,
    description_of_sampling,
    headline,
    name_of_sampling,
)
from stages.core.tracking.outputs import OUTPUTS, SAMPLES, Folders
from stages.core.tracking.provenance import experiment
from stages.core.tracking.run import DESCRIPTION, TrackedRun
from stages.core.tracking.store import Run
from stages.core.tracking.wrapping import wrapped

SHOWN = "sha256/samples.csv"  # tag of a training run: which samples it shows


class SamplingRun(TrackedRun):
    """Samples, their scores, metrics, figures and pages."""

    def log(self, stages: list[str], folders: Folders, parameters: Mapping[str, Any]) -> None:
        """Start the run, or adopt the one with the same identity; log what it lacks; mark it as finished.

        Its identity is what was sampled, then the outputs and the parameters of evaluate and report. Where one of these
        differs, it is another run: nothing is overwritten.

        Args:
            stages: sample and the stages after it that have run.
            folders: where their outputs are.
            parameters: their sections of params.yaml.
        """
        network = ModelFolder(folders.models).description()
        samples = read_samples(SAMPLES.path(folders))
        with self.connection.tolerate_errors():
            parent = self._find("training", network.fingerprint)
            self._start_sampling(parent, network.fingerprint, stages, folders, parameters)
            with self.ended_early():
                self._log_samples(samples)
                for stage in stages:
                    self.log_outputs(OUTPUTS[stage], folders)
                if "evaluate" in stages:
                    metrics = read_metrics(folders.reports / "metrics.json")
                    self._log_scores(read_scores(folders.reports / "scores.csv"))
                    if parent is not None:
                        self._tell_parent(parent, metrics, samples, sha256_of_file(SAMPLES.path(folders)))
                self.mark_finished()

    def _start_sampling(
        self, parent: Run | None, training: str, stages: list[str], folders: Folders, parameters: Mapping[str, Any]
    ) -> None:
        samples_sha256 = sha256_of_file(SAMPLES.path(folders))
        files = [output.path(folders) for stage in stages[1:] for output in OUTPUTS[stage]]
        identity = {f"sha256/{file.name}": sha256_of_file(file) for file in files if file.is_file()}
        tags = dict(identity)
        if parent is not None:
            tags["mlflow.parentRunId"] = parent.info.run_id
        name = name_of_sampling(parent, samples_sha256, experiment())
        fingerprint = f"{training[:32]}-{samples_sha256[:32]}"
        run = self._start("sampling", fingerprint, name, tags, (parameters, identity))
        self._log_parameters(run, parameters)

    def _log_samples(self, samples: pd.DataFrame) -> None:
        """Log the samples, unless they are: one text for each epoch, one table, mean entropies by epoch."""
        run_id = self.run_id
        assert run_id is not None
        if self._has_artifact(self._store().get_run(run_id), TABLE):  # the last of them
            return
        entropies = samples.groupby(KEYS)["entropy_nats"].mean() * NATS_TO_BITS
        self._log_scores(entropies.rename("entropy_bits").reset_index())
        self._note_description(run_id, description_of_sampling(samples))
        self._log_texts(run_id, samples)

    def _log_scores(self, scores: pd.DataFrame) -> None:
        """Log each score as one metric by epoch for each temperature."""
        run_id = self.run_id
        assert run_id is not None
        found = {
            (metric_name(name, row["temperature"]), int(row["epoch"])): float(row[name])
            for row in scores.to_dict("records")
            for name in scores.columns
            if name not in KEYS
        }
        self._log_metrics(run_id, found)

    def _tell_parent(self, parent: Run, metrics: Mapping[str, Any], samples: pd.DataFrame, samples_sha256: str) -> None:
        """Log to the training run what the list of runs should show: the headline numbers, a description, samples."""
        run_id, tags = parent.info.run_id, parent.data.tags
        self._log_metrics(run_id, {(name, 0): value for name, value in headline(metrics).items()})
        self._note_description(run_id, description_of_result(tags.get(DESCRIPTION, ""), metrics, samples))
        if tags.get(SHOWN) != samples_sha256 or not self._has_artifact(parent, TABLE):
            self._log_texts(run_id, samples)
            self._store().set_tag(run_id, SHOWN, samples_sha256)

    def _log_texts(self, run_id: str, samples: pd.DataFrame) -> None:
        """Log the samples as a text for each epoch and as a table of the evaluation view, in place of earlier ones."""
        with tempfile.TemporaryDirectory() as folder:
            for epoch, group in wrapped(samples).groupby("epoch"):
                Path(folder, f"epoch_{epoch:03d}.md").write_text(samples_markdown(group), encoding="utf-8")
            self._store().log_artifacts(run_id, folder, "samples")
        table = evaluation_table(samples)
        content = {"columns": list(table.columns), "data": table.to_numpy().tolist()}
        self._store().log_text(run_id, json.dumps(content, ensure_ascii=False), TABLE)
        self._store().set_tag(run_id, "mlflow.loggedArtifacts", json.dumps([{"path": TABLE, "type": "table"}]))


def metric_name(score: str, temperature: float) -> str:
    """Return the name of a score at a temperature; MLflow refuses the plus sign of 1e+16.

    >>> metric_name("repetition", 1e16)
    'repetition/temperature_1e16'
    """
    return f"{score}/temperature_{temperature_label(temperature).replace('+', '')}"


def evaluation_table(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the table of the evaluation view, which groups by its first column and compares the second."""
    names = []
    for row, number in zip(samples.to_dict("records"), samples.groupby(KEYS).cumcount(), strict=True):
        more = f", prompt {number + 1}" if number else ""
        names.append(f"epoch {row['epoch']:03d}, temperature {temperature_label(row['temperature'])}{more}")
    texts = {name: list(map(visible, samples[name])) for name in ("text", "prompt")}
    return pd.DataFrame({"sample": names} | texts)
