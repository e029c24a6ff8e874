"""The same prompt continued by the networks of several runs, with the same random numbers."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stages.cli.compared_runs import ComparedRun
from stages.cli.runs import fetch
from stages.core.generation.continuation import continue_prompt
from stages.core.generation.prompts import usable_prompt
from stages.core.networks.folder import ModelFolder
from stages.core.networks.network import Network
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.randomness import generator

TEMPERATURES = (0.5, 1.0)  # for runs that sampled at none
RANDOM_SEED = 0


@dataclass(frozen=True)
class Continuation:
    """What one network wrote after the prompt; or, without a prompt, why it wrote nothing."""

    head: str  # names run and epoch
    prompt: str
    text: str


def continuations(
    runs: list[ComparedRun], prompt: str | None, epoch: int | None, temperatures: list[float], length: int
) -> dict[float, list[Continuation]]:
    """Return for each temperature one continuation of each run.

    Args:
        runs: whose weights are fetched from the store.
        prompt: the same for all; None is the first prompt that the first run sampled with.
        epoch: of the weights; None is each run's best.
        temperatures: one continuation for each.
        length: tokens to generate.
    """
    if prompt is None and runs[0].samples is not None:
        prompt = str(runs[0].samples["prompt"].iloc[0])
    columns = [_of_run(run, prompt, epoch or run.best.epoch, temperatures, length) for run in runs]
    return {temperature: [column[i] for column in columns] for i, temperature in enumerate(temperatures)}


def default_temperatures(runs: list[ComparedRun]) -> list[float]:
    """Return the temperatures that the first run sampled at."""
    samples = runs[0].samples
    return list(TEMPERATURES) if samples is None else sorted(map(float, samples["temperature"].unique()))


def _of_run(
    run: ComparedRun, prompt: str | None, epoch: int, temperatures: list[float], length: int
) -> list[Continuation]:
    head = f"{run.name}, epoch {epoch}"
    try:
        network = _network(run, epoch)
        usable = usable_prompt(prompt, network.tokenizer, network.window_length, "The prompt").text
    except UserError as error:
        return [Continuation(head, "", f"({error})")] * len(temperatures)
    generators = [generator(RANDOM_SEED, "compare") for _ in temperatures]  # the same numbers for each
    written = continue_prompt(network, usable, temperatures, length, generators)
    return [Continuation(head, usable, each.text) for each in written]


def _network(run: ComparedRun, epoch: int) -> Network:
    with tempfile.TemporaryDirectory() as fetched, tempfile.TemporaryDirectory() as folder:
        models = ModelFolder(Path(folder))
        models.weights_path(epoch).parent.mkdir(parents=True)
        for path in (models.path / "network.json", models.weights_path(epoch)):
            artifact = f"models/{path.relative_to(models.path).as_posix()}"
            shutil.move(fetch(run.found.training, artifact, Path(fetched)), path)
        return models.network(epoch)
