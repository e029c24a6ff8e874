"""After every epoch, continue a prompt at each temperature.

    python -m stages.sample data/windows models reports/samples.csv reports/samples.md

Reads section sample of params.yaml; writes the table and the same as a text to read. All temperatures advance
together; several epochs run side by side. Every sample has random numbers of its own, so any of them can be made again
alone.
"""

import dataclasses
import logging
import threading
from pathlib import Path
from typing import Any

from stages.core.pipeline import params, progress, stage  # first, for it answers Ctrl-C

# isort: split
import pandas as pd

from stages.core.generation.continuation import continue_prompt
from stages.core.generation.prompts import usable_prompt
from stages.core.kernels.processors import default_num_threads
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.files import write_text
from stages.core.pipeline.params import SampleParams, temperature_label
from stages.core.pipeline.randomness import generator
from stages.core.pipeline.threads import stoppable_threads
from stages.core.tables.samples import samples_csv, samples_markdown
from stages.core.text.windows import WindowData, read_windows, windows_hash
from stages.core.tracking.stage_log import log_stage

logger = logging.getLogger(__name__)
Row = dict[str, Any]


def prompts_of_epoch(epoch: int, sample: SampleParams, data: WindowData) -> list[str]:
    """Return the prompts of an epoch: those of params.yaml, or a window of the corpus at random."""
    if sample.prompts is not None:
        return list(sample.prompts)
    length = data.plan.window_length
    start = generator(sample.random_seed, "prompt", epoch).integers(len(data.ids) - length + 1)
    return [data.tokenizer.decode(data.ids[start : start + length])]


def with_usable_prompts(sample: SampleParams, data: WindowData) -> SampleParams:
    """Return the section with prompts in characters of the corpus.

    Raises:
        UserError: the corpus lacks characters of a prompt; they are named.
    """
    if sample.prompts is None:
        return sample
    usable = [
        usable_prompt(prompt, data.tokenizer, data.plan.window_length, f"params.yaml: sample.prompts[{i}]").text
        for i, prompt in enumerate(sample.prompts)
    ]
    return dataclasses.replace(sample, prompts=tuple(usable))


def rows_of_epoch(
    epoch: int, sample: SampleParams, data: WindowData, models: ModelFolder, stopped: threading.Event
) -> list[Row]:
    """Return the rows of an epoch: for each of its prompts one at each temperature. The event ends it early."""
    network = models.network(epoch)
    rows = []
    for i, prompt in enumerate(prompts_of_epoch(epoch, sample, data)):
        generators = [generator(sample.random_seed, "sample", epoch, i, t) for t in sample.temperatures]
        made = continue_prompt(
            network, prompt, sample.temperatures, sample.length, generators, lambda ids: stopped.is_set()
        )
        for temperature, continuation in zip(sample.temperatures, made, strict=True):
            rows.append({"epoch": epoch, "temperature": temperature, "prompt": prompt, **vars(continuation)})
    return rows


def main() -> None:
    """Sample every epoch, write the table and the readable text."""
    parser = stage.parser(__doc__)
    parser.add_argument("windows", type=Path, help="folder of data/windows")
    parser.add_argument("models", type=Path, help="folder of the weights")
    parser.add_argument("samples", type=Path, help="table to write")
    parser.add_argument("markdown", type=Path, help="readable text to write")
    arguments = parser.parse_args()
    sample = params.load(SampleParams)
    data, models = read_windows(arguments.windows), ModelFolder(arguments.models)
    sample = with_usable_prompts(sample, data)
    models.require_text(arguments.windows, data, windows_hash(arguments.windows))
    epochs = models.all_epochs()
    with stoppable_threads(default_num_threads()) as (pool, stopped):
        rows_by_epoch = list(
            progress.bar(
                pool.map(lambda epoch: rows_of_epoch(epoch, sample, data, models, stopped), epochs),
                total=len(epochs),
                desc="epochs sampled",
            )
        )
    samples = pd.DataFrame([row for rows in rows_by_epoch for row in rows])
    write_text(arguments.samples, samples_csv(samples))
    write_text(arguments.markdown, samples_markdown(samples))
    logger.info(
        "%d samples of %d characters: %d epochs at temperatures %s",
        *(len(samples), sample.length, len(epochs), ", ".join(map(temperature_label, sample.temperatures))),
    )
    log_stage("sample", arguments.models, arguments.samples.parent, arguments.windows)


if __name__ == "__main__":
    stage.run("sample", main)
