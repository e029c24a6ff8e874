"""The page of a study: what each network reaches, what it costs, what it writes."""

import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.cli.study_held_out import Prediction, common_span, predict
from stages.cli.sweep_grid import Overrides
from stages.cli.sweep_runner import fetch
from stages.core.generation.continuation import continue_prompt
from stages.core.generation.prompts import usable_prompt
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.files import write_json, write_text
from stages.core.pipeline.randomness import generator
from stages.core.report.markdown import as_html
from stages.core.tables.metrics import SCORES, read_metrics
from stages.core.tables.samples import read_samples
from stages.core.text.windows import read_windows
from stages.core.tracking.connection import Connection
from stages.core.tracking.training_run import TrainingRun

REPORTS = Path("reports")
TEMPERATURE = 0.5
SAMPLE_LENGTH = 200  # characters
INTRODUCTION = """Bits per held-out character, on the {characters:,} characters that all of these hold out: each
predicted once, by the stepper that writes text; words and bytes are counted per character. With n-grams: mixed with
n-gram models of all orders and weights, by Bayes' rule, so that no weight is chosen. The samples continue the same
held-out passage at temperature {temperature}. `zarathustra study {study}` makes this page;
[studies.yaml](../studies.yaml) holds the settings."""


def write(study: str, points: Mapping[str, Overrides], done: Mapping[str, str]) -> Path:
    """Write reports/STUDY.json and reports/STUDY.md; return the latter.

    Args:
        study: its name.
        points: the settings of all its experiments, by name.
        done: the commits of those that have run.
    """
    prompt, rows, predictions = "", [], []
    for name, revision in done.items():
        with tempfile.TemporaryDirectory() as folder:
            prompt = prompt or _prompt(name, revision, Path(folder))
            row, prediction = _results(name, revision, Path(folder), prompt)
            rows.append({"experiment": name, "settings": list(points[name])} | row)
            predictions.append(prediction)
    span = common_span(predictions)
    for row, prediction in zip(rows, predictions, strict=True):
        row |= {
            "bits": prediction.bits_per_char(prediction.nats, span),
            "bits_with_ngrams": prediction.bits_per_char(prediction.nats_mixed, span),
        }
    all_baselines = [row.pop("baselines") for row in rows]
    shortest = min(range(len(rows)), key=lambda i: int(predictions[i].ends[0]))  # it holds out what all hold out
    content = {
        "prompt": prompt,
        "characters": span[0] - span[1],
        "baselines": all_baselines[shortest],
        "experiments": rows,
    }
    write_json(REPORTS / f"{study}.json", content)
    page = REPORTS / f"{study}.md"
    write_text(page, markdown(study, content))
    return page


def markdown(study: str, content: Mapping[str, Any]) -> str:
    """Return the page for the contents of reports/STUDY.json."""
    rows = sorted(content["experiments"], key=lambda row: row["bits"])

    def shown(number: float | None, form: str) -> str:
        return "–" if number is None else format(number, form)

    lines = ["| | bits | with n-grams | weights | seconds of training | best epoch | real words at 1.0 | fingerprint |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    lines += [
        f"| **{row['experiment']}** | **{row['bits']:.3f}** | {row['bits_with_ngrams']:.3f} "
        f"| {row['weights']:,} | {shown(row['seconds'], ',.0f')} | {row['best_epoch']} of {row['last_epoch']} "
        f"| {shown(row['words'], '.1%')} | `{row['fingerprint'][:8]}` |"
        for row in rows
    ]
    lines += [f"| {name} | {bits:.3f} | | | | | | |" for name, bits in content["baselines"].items()]
    settings = [f"- **{row['experiment']}**: `{' '.join(row['settings']) or 'params.yaml as it is'}`" for row in rows]
    samples = ["<table>", f"<tr><th>after</th><td>{as_html(content['prompt'])}</td></tr>"]
    samples += [f"<tr><th>{row['experiment']}</th><td>{as_html(row['sample'])}…</td></tr>" for row in rows]
    introduction = INTRODUCTION.format(characters=content["characters"], temperature=TEMPERATURE, study=study)
    parts = [f"# {study.capitalize()}", introduction, "\n".join(lines), "## Settings", "\n".join(settings)]
    return "\n\n".join([*parts, "## Samples", "\n".join([*samples, "</table>"])]) + "\n"


def _prompt(name: str, revision: str, folder: Path) -> str:
    """Return the held-out passage that an experiment continues in its report."""
    return str(read_samples(fetch(name, revision, "reports/prompt.csv", folder))["prompt"].iloc[0])


def _results(name: str, revision: str, folder: Path, prompt: str) -> tuple[dict[str, Any], Prediction]:
    """Return what an experiment has reached, each number from an output of it or from its run."""
    scores = read_metrics(fetch(name, revision, "reports/scores.json", folder), SCORES)
    models = ModelFolder(folder)
    fetch(name, revision, "models/network.json", folder)
    weights = models.weights_path(scores["best_epoch"])
    weights.parent.mkdir()
    fetch(name, revision, f"models/epochs/{weights.name}", weights.parent)
    network = models.network(scores["best_epoch"])
    usable = usable_prompt(prompt, network.tokenizer, network.window_length, "The prompt").text
    windows = folder / "windows"
    windows.mkdir()
    for each in ("ids.npy", "tokenizer.json", "plan.json"):
        fetch(name, revision, f"data/windows/{each}", windows)
    (written,) = continue_prompt(network, usable, [TEMPERATURE], SAMPLE_LENGTH, [generator(0, "study")])
    ngrams = [key for key in scores["baseline"] if key.startswith("ngram_")]
    prediction = predict(network, read_windows(windows), len(ngrams))
    best = min(ngrams, key=lambda key: scores["baseline"][key])
    row = {
        "best_epoch": scores["best_epoch"],
        "last_epoch": scores["last_epoch"],
        "weights": network.description.num_weights,
        "seconds": _seconds(network.description.fingerprint, scores["last_epoch"]),
        "words": scores["temperature"].get("1.0", {}).get("real_word_fraction"),
        "fingerprint": network.description.fingerprint,
        "baselines": {
            f"{best.split('_')[1]}-gram": scores["baseline"][best],
            "bzip2": scores["baseline"]["bzip2_bits_per_char"],
        },
        "sample": written.text[:SAMPLE_LENGTH],
    }
    return row, prediction


def _seconds(fingerprint: str, num_epochs: int) -> float | None:
    """Return how long a training takes; None where its run is not in the store.

    An epoch may be missing, after a kill, and another may have waited for a machine that was asleep: the median counts.

    Raises:
        UserError: the store does not answer.
    """
    connection = Connection(required=True)
    seconds: list[float] = []
    if not connection.is_lost:  # else the variable says that there is none
        with connection.tolerate_errors():
            seconds = list(TrainingRun(connection).seconds(fingerprint).values())
    return statistics.median(seconds) * num_epochs if seconds else None
