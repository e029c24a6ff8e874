"""After every epoch, continue a prompt at each temperature.

    python -m stages.sample data/windows models reports/samples.csv reports/samples.md

Reads section sample of params.yaml; writes the table and the same as a text to read. All temperatures advance
together; several epochs run side by side. Every cell of the table has random numbers of its own, so any of them can
be made again alone.
"""

import argparse
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stages.core.common import params, progress, settings, stage  # first, for it answers Ctrl-C

# isort: split
import pandas as pd

from stages.core.common.errors import UserError
from stages.core.common.files import (
    last_used,
    read_json,
    scratch_root,
    sha256_of,
    sha256_of_file,
    write_json,
    write_text,
)
from stages.core.common.params import SampleParams, temperature_label
from stages.core.compute.lstm_cpu import default_num_threads
from stages.core.compute.randomness import generator
from stages.core.generation.continuation import Continuation, continue_prompt
from stages.core.model.model_folder import ModelFolder
from stages.core.resume.fingerprint import code_hash, package_versions
from stages.core.samples.sample_table import samples_csv, samples_markdown
from stages.core.samples.sampling_run import SamplingRun
from stages.core.text.vocabulary import Vocabulary
from stages.core.text.windows import WindowData, read_windows

MAX_CELLS = 4000
logger = logging.getLogger(__name__)
Row = dict[str, Any]


def prompts_of_epoch(epoch: int, sample: SampleParams, data: WindowData) -> list[str]:
    """Return the prompts of an epoch: those of the settings, or a window's length of the corpus at random."""
    if sample.prompts is not None:
        return list(sample.prompts)
    length = data.plan.window_length
    start = generator(sample.random_seed, "prompt", epoch).integers(len(data.ids) - length + 1)
    return [data.vocabulary.decode(data.ids[start : start + length])]


def check_prompts(prompts: tuple[str, ...] | None, vocabulary: Vocabulary) -> None:
    """Refuse prompts with characters that the corpus does not have; they are named."""
    for i, prompt in enumerate(prompts or ()):
        if unknown := vocabulary.unknown_in(prompt):
            raise UserError(
                f"params.yaml: sample.prompts[{i}] must consist of characters of the corpus. Received: {prompt!r}, "
                f"with {', '.join(map(repr, unknown))}. Take those out (is the corpus lower-cased?)."
            )


class Sampler:
    """Makes the rows of one epoch after the other, those cells that are not there already."""

    def __init__(self, sample: SampleParams, data: WindowData, models: ModelFolder) -> None:
        self.sample = sample
        self.data = data
        self.models = models
        self._code = sha256_of(code_hash("stages.sample"), json.dumps(package_versions(), sort_keys=True))

    def rows(self, epoch: int) -> list[Row]:
        """Return the rows of an epoch: for each of its prompts one at each temperature."""
        weights_sha256 = sha256_of_file(self.models.weights_path(epoch))
        return [
            {"epoch": epoch, "temperature": temperature, "prompt": prompt, **vars(cell)}
            for i, prompt in enumerate(prompts_of_epoch(epoch, self.sample, self.data))
            for temperature, cell in self._cells(epoch, i, prompt, weights_sha256).items()
        ]

    def _cells(self, epoch: int, i: int, prompt: str, weights_sha256: str) -> dict[float, Continuation]:
        keys = {t: self._key(epoch, i, prompt, t, weights_sha256) for t in self.sample.temperatures}
        cells = {t: read_cell(key) for t, key in keys.items()}
        missing = [t for t, cell in cells.items() if cell is None]
        if missing:
            made = self._generate(epoch, i, prompt, missing)
            for t, cell in made.items():
                write_cell(keys[t], cell)
            cells |= made
        return {t: cell for t, cell in cells.items() if cell is not None}

    def _key(self, epoch: int, i: int, prompt: str, temperature: float, weights_sha256: str) -> str:
        decisive = [epoch, i, prompt, temperature, self.sample.length, self.sample.random_seed]
        vocabulary = self.data.vocabulary.characters
        return sha256_of(weights_sha256, vocabulary, json.dumps(decisive), self._code)[:32]

    def _generate(self, epoch: int, i: int, prompt: str, temperatures: list[float]) -> dict[float, Continuation]:
        made = continue_prompt(
            self.models.weights(epoch),
            self.data.vocabulary,
            self.data.plan.window_length,
            prompt,
            temperatures,
            self.sample.length,
            [generator(self.sample.random_seed, "sample", epoch, i, t) for t in temperatures],
        )
        return dict(zip(temperatures, made, strict=True))


def _kept() -> Path:
    return scratch_root() / "samples"


def read_cell(key: str) -> Continuation | None:
    """Return what was kept under a key; None where nothing sound was."""
    try:
        kept = read_json(_kept() / f"{key}.json")
        return Continuation(**kept["cell"]) if kept["sha256"] == _hash_of(kept["cell"]) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_cell(key: str, cell: Continuation) -> None:
    """Keep a cell under a key: the hash of everything that decides it."""
    write_json(_kept() / f"{key}.json", {"cell": asdict(cell), "sha256": _hash_of(asdict(cell))})


def remove_oldest() -> None:
    """Keep the scratch bounded."""
    files = list(_kept().glob("[0-9a-f]*.json"))  # not what another process is writing
    if len(files) > MAX_CELLS:
        for old in sorted(files, key=last_used)[:-MAX_CELLS]:
            old.unlink(missing_ok=True)


def _hash_of(cell: dict[str, Any]) -> str:
    return sha256_of(json.dumps(cell, sort_keys=True))


def main() -> None:
    """Sample every epoch, write the table and the readable text."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windows", type=Path, help="folder of data/windows")
    parser.add_argument("models", type=Path, help="folder of the weights")
    parser.add_argument("samples", type=Path, help="table to write")
    parser.add_argument("markdown", type=Path, help="readable text to write")
    arguments = parser.parse_args()
    sample = params.load(SampleParams)
    data, models = read_windows(arguments.windows), ModelFolder(arguments.models)
    check_prompts(sample.prompts, data.vocabulary)
    sampler = Sampler(sample, data, models)
    epochs = models.epochs()
    if not epochs:
        folder = arguments.models / "epochs"
        raise UserError(f"{folder}: no weights there. Run `dvc checkout`, or `dvc repro` to train.")
    with ThreadPoolExecutor(default_num_threads()) as pool:
        rows_by_epoch = list(progress.bar(pool.map(sampler.rows, epochs), total=len(epochs), desc="epochs sampled"))
    remove_oldest()
    samples = pd.DataFrame([row for rows in rows_by_epoch for row in rows])
    write_text(arguments.samples, samples_csv(samples))
    write_text(arguments.markdown, samples_markdown(samples))
    logger.info(
        "%d samples of %d characters: %d epochs at temperatures %s",
        *(len(samples), sample.length, len(epochs), ", ".join(map(temperature_label, sample.temperatures))),
    )
    run = SamplingRun()
    parameters = {"sample": settings.read_yaml(settings.PARAMS_FILE)["sample"]}
    run.start(models.description().fingerprint, parameters, arguments.samples)
    run.log_samples(samples, arguments.samples)
    run.finish()


if __name__ == "__main__":
    stage.run("sample", main)
