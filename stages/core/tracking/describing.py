"""What people read in MLflow: names and descriptions of runs and models, the numbers in the list of runs."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from stages.core.networks.description import NetworkDescription
from stages.core.pipeline.params import temperature_label
from stages.core.pipeline.visible import visible
from stages.core.tables.samples import fenced
from stages.core.tracking.provenance import EXPERIMENT, flattened
from stages.core.tracking.store import Run
from stages.core.tracking.wrapping import wrapped

NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]+")
SHOWN_TEMPERATURE = 0.5
SHOWN_CHARACTERS = 300
LONG_NAMES = {"held_out_bits": "held_out_bits_per_char", "gap_bits": "gap_bits_per_char"}  # of those in metrics.json
NGRAM = re.compile(r"(?:^|[._])ngram_\d|\d_?gram")
KIND = "**"  # begins the line that says what is trained
TABLE = "samples.json"  # of the evaluation view of MLflow


def name_of_training(network: NetworkDescription, parameters: Mapping[str, Any], experiment: str | None = None) -> str:
    """Return a name that says text, network, targets and epochs.

    The name of its experiment, or without one a part of the fingerprint, tells namesakes apart.
    """
    epochs = parameters["train"]["epochs"]
    return f"{name_of_network(network, parameters)}-epochs{epochs}-{experiment or network.fingerprint[:8]}"


def name_of_network(network: NetworkDescription, parameters: Mapping[str, Any]) -> str:
    """Return a name that says text, network and targets, of characters that names of models may have."""
    files = parameters["download"]["files"]
    text = NOT_PLAIN.sub("-", files[0]["name"].rpartition(".")[0] or files[0]["name"])
    more = f"-and-{len(files) - 1}-more" if len(files) > 1 else ""
    return f"{text}{more}-{network.kind}{_sizes(network)}-{network.targets}"


def name_of_model(training: str, epoch: int) -> str:
    """Return the name of the model of an epoch; MLflow refuses some characters that names of experiments may have.

    >>> name_of_model("wider/v1.2", 7)
    'wider-v1-2-epoch7'
    """
    return f"{NOT_PLAIN.sub('-', training)}-epoch{epoch}"


def name_of_sampling(training: Run | None, samples_sha256: str, experiment: str | None = None) -> str:
    """Return the name of a sampling: that of its training, and its experiment or a part of the hash of the samples."""
    if training is None:
        return f"unknown-samples-{experiment or samples_sha256[:8]}"
    is_same = experiment is None or training.data.tags.get(EXPERIMENT) == experiment
    return f"{training.info.run_name}-samples-{samples_sha256[:8] if is_same else experiment}"


def description_of_training(network: NetworkDescription, num_characters: int, parameters: Mapping[str, Any]) -> str:
    """Return in Markdown what is trained, before any result is known."""
    names = [visible(file["name"]).replace("`", "'") for file in parameters["download"]["files"]]
    files = ", ".join(f"`{name}`" for name in names)
    settings = ", ".join(f"{name} {value}" for name, value in network.settings.items())
    return (
        f"{KIND}{network.kind.upper()}** ({settings}; {network.num_weights:,} weights), "
        f"trained for {parameters['train']['epochs']} epochs on {files} ({num_characters:,} characters).\n"
    )


def description_of_result(training: str, metrics: Mapping[str, Any], samples: pd.DataFrame) -> str:
    """Return the description of a training with its result, which comes first: lists show little more.

    Args:
        training: the description so far, without or with an earlier result.
        metrics: content of reports/metrics.json.
        samples: of all epochs; one of the best is shown.
    """
    found = headline(metrics)
    bits, epoch = found["held_out_bits_per_char"], found["best_epoch"]
    beside = _beside(found.get("bits_beside_ngram"))
    result = f"{bits:.3f} bits per character on held-out text, after epoch {epoch:.0f}, the best{beside}."
    what = next((line for line in training.splitlines() if line.startswith(KIND)), "")
    here = samples[samples["epoch"] == metrics["best_epoch"]]
    return f"{result}\n{what}\n\n{_sample(here)}"


def description_of_sampling(samples: pd.DataFrame) -> str:
    """Return in Markdown what was sampled, with a sample of the last epoch."""
    temperatures = ", ".join(map(temperature_label, sorted(set(samples["temperature"]))))
    last = samples[samples["epoch"] == samples["epoch"].max()]
    return (
        f"{len(samples):,} samples of {len(samples['text'].iloc[0]):,} characters: after each of "
        f"{samples['epoch'].nunique()} epochs, at temperatures {temperatures}. "
        f"Artifacts: `samples/` by epoch, `{TABLE}` as a table.\n\n{_sample(last)}"
    )


def headline(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the few numbers by which runs are compared, each under the name that the list of runs shows.

    The bits are those of all held-out characters where the evaluation has them, else of the validation windows.
    """
    flat = flattened(metrics)
    numbers = {LONG_NAMES.get(key, key): float(value) for key, value in flat.items() if isinstance(value, int | float)}
    found = {"best_epoch": numbers["best_epoch"]}
    bits = numbers.get("held_out_bits_per_char", numbers.get("best.val_bits_per_char"))
    if bits is not None:
        found["held_out_bits_per_char"] = bits
        ngrams = [value for key, value in numbers.items() if NGRAM.search(key)]
        if ngrams:
            found["bits_beside_ngram"] = bits - min(ngrams)
    for key, value in numbers.items():
        name = key.rpartition(".")[2]
        if name.startswith("gap_") and not key.startswith("last."):
            found[name] = value
    return found


def _beside(bits: float | None) -> str:
    """Return in words how many bits more or fewer than an n-gram model."""
    return "" if bits is None else f"; {abs(bits):.3f} {'more' if bits > 0 else 'fewer'} than an n-gram model"


def _sizes(network: NetworkDescription) -> str:
    """Return the settings of a network in a name: `128` for one layer, `2x128` for two."""
    num_layers, units = network.settings["num_layers"], network.settings["units"]
    return f"{units}" if num_layers == 1 else f"-{num_layers}x{units}"


def _sample(samples: pd.DataFrame) -> str:
    """Return the sample nearest to a middling temperature, as Markdown."""
    if samples.empty:
        return ""
    nearest = (samples["temperature"] - SHOWN_TEMPERATURE).abs().argmin()
    row = samples.iloc[[int(nearest)]]
    (shown,) = wrapped(row.assign(text=row["text"].str[:SHOWN_CHARACTERS])).to_dict("records")
    text = f"{shown['prompt']}|{shown['text']}"
    return f"At temperature {temperature_label(shown['temperature'])}, after the prompt and a bar:\n\n{fenced(text)}"
