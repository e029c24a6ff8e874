"""What the README shows of the published run and of the benchmarks, from the files in reports/."""

from pathlib import Path

import pandas as pd

from stages.core.pipeline.files import read_json, read_rows
from stages.core.pipeline.params import temperature_label
from stages.core.report.markdown import as_html
from stages.core.tables.history import NATS_TO_BITS
from stages.core.tables.samples import read_samples
from tests.support.project import ROOT

REPORTS = ROOT / "reports"
SAMPLE_LENGTH = 150  # characters shown of each


def speed() -> str:
    """Return how long training and sampling take, and how much longer with other libraries."""
    path = REPORTS / "benchmarks.json"
    measured = read_json(path) if path.exists() else {}
    if not {"training", "sampling"} <= measured.keys():
        return ""
    ours, *others = measured["training"]["tables"][0]
    seconds = next(value for name, value in ours.items() if name.startswith("s per epoch"))
    names = {"Keras": "Keras's own layer", "PyTorch": "PyTorch's `nn.LSTM`"}
    longer = ", ".join(
        f"{names[row['training with']]} takes {row['time / time of compiled']['median']:.2f} times as long"
        for row in others
    )
    stage, predict = measured["sampling"]["tables"][0][:2]
    machine = measured["training"]["machine"]
    return (
        f"On {machine['cores']} cores of {machine['processor']} an epoch of training takes {seconds:.0f} s; {longer}. "
        f"The sampling stage takes {stage['s']['median']:.0f} s; one `predict` for each character takes "
        f"{predict['time / time of stage']['median']:.0f} times as long.\n"
    )


def workers() -> str:
    """Return what a step takes with shards and with workers; nothing where that was not measured."""
    path = REPORTS / "benchmarks.json"
    measured = (read_json(path) if path.exists() else {}).get("workers")
    if measured is None:
        return ""
    parts: dict[str, list[str]] = {}
    for row in measured["tables"][0]:
        parts.setdefault(row["network"], []).append(f"{row['ms per step']['median']:,.0f} ms, {row['trained by']}")
    machine = measured["machine"]
    steps = ". ".join(f"{network}: {'; '.join(times)}" for network, times in parts.items())
    return f"On {machine['cores']} cores of {machine['processor']}, the median time of a step: {steps}.\n"


def summary(reports: Path = REPORTS) -> str:
    """Return the loss figure and the numbers of the best and the last epoch, beside the baselines."""
    metrics = read_json(reports / "scores.json")
    last = metrics["last"]
    baselines = metrics["baseline"]
    ngram = min((name for name in baselines if name.startswith("ngram")), key=lambda name: baselines[name])
    order = ngram.removeprefix("ngram_").removesuffix("_bits_per_char")
    return " ".join(
        [
            "![Loss by epoch, for training and held-out text](reports/figures/loss.svg)\n\n"
            f"The published run, {metrics['last_epoch']} epochs: the best is epoch **{metrics['best_epoch']}**, with "
            f"**{metrics['held_out_bits_per_char']:.3f} bits per character**",
            "on text that it was not trained on. Later epochs overfit:",
            f"by the last the validation loss is {last['val_bits_per_char']:.3f} bits, the training loss",
            f"{last['loss_nats_per_char'] * NATS_TO_BITS:.3f}. On the same text an n-gram model of order {order} takes",
            f"{baselines[ngram]:.3f} bits per character, and bzip2 {baselines['bzip2_bits_per_char']:.3f}.",
            "The whole report: [reports/index.md](reports/index.md).\n",
        ]
    )


def side_by_side(reports: Path = REPORTS) -> str:
    """Return the book's network beside the best one; nothing where they have not been compared."""
    path = reports / "networks.json"
    content = read_json(path) if path.exists() else {"experiments": []}
    rows = {row["experiment"]: row for row in content["experiments"]}
    if not {"book", "best"} <= rows.keys():
        return ""
    shown = [rows["book"], rows["best"]]
    lines = {
        "bits per held-out character": [f"**{row['bits']:.3f}**" for row in shown],
        "the same, mixed with n-grams": [f"{row['bits_with_ngrams']:.3f}" for row in shown],
        "weights": [f"{row['weights']:,}" for row in shown],
        f"after *{as_html(content['prompt'])}*": [f"{as_html(row['sample'][:SAMPLE_LENGTH])}…" for row in shown],
    }
    baselines = ", ".join(f"{name} {bits:.3f}" for name, bits in content["baselines"].items())
    table = [
        "| | the book's network, which `make repro` trains | the best one, by `make best` |",
        "|---|---|---|",
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in lines.items()),
    ]
    after = (
        f"On the same {content['characters']:,} characters: {baselines}. "
        "Every network: [reports/networks.md](reports/networks.md)."
    )
    return "\n".join(table) + f"\n\n{after}\n\n"


def best(reports: Path = REPORTS) -> str:
    """Return what the best network reaches on the split of the best figure published; nothing before it has run."""
    path = reports / "best.json"
    if not path.exists():
        return ""
    content = read_json(path)
    row = next(row for row in content["experiments"] if row["experiment"] == "best")
    alone, with_ngrams = row["bits"] / NATS_TO_BITS, row["bits_with_ngrams"] / NATS_TO_BITS
    published = "[1.2524 nats](https://github.com/fastai/fastai1/blob/master/courses/dl1/lesson6-rnn.ipynb)"
    return (
        f"`best` takes **{alone:.4f} nats** ({row['bits']:.3f} bits) per character on the {content['characters']:,} "
        f"characters that it holds out, and {with_ngrams:.4f} mixed with n-grams{_seeds(reports)}. On this split, "
        f"fast.ai's network of about the same size, for which rare characters are all one, reached {published}, the "
        "best figure published elsewhere for this text. The settings were chosen by trainings inside the training "
        f"part; but the epoch, {row['best_epoch']} of {row['last_epoch']}, is the best on the held-out text itself.\n"
    )


def _seeds(reports: Path) -> str:
    path = reports / "seeds.json"
    if not path.exists():
        return ""
    nats = ", ".join(f"{row['bits'] / NATS_TO_BITS:.4f}" for row in read_json(path)["experiments"])
    return f"; alone, with other [random seeds](reports/seeds.md), {nats}"


def collapse(reports: Path = REPORTS) -> str:
    """Return how many trainings collapse without the guard, with the code here and as in Keras 2.0."""
    clauses = []
    for study, how in (("collapse", ""), ("collapse-keras-2", "with the gates and the RMSprop of Keras 2.0, ")):
        path = reports / f"{study}.json"
        if path.exists():
            rows = read_json(path)["experiments"]
            epochs = sorted(row["first_epoch_beyond"] for row in rows if row["first_epoch_beyond"])
            when = f", at epoch {', '.join(map(str, epochs))}" if epochs else ""
            clauses.append(f"{how}{len(epochs)} of {len(rows)} trainings collapse{when} ([page](reports/{study}.md))")
    return f"\nThe book's training without its guard: {'; '.join(clauses)}.\n" if clauses else ""


def samples(reports: Path = REPORTS) -> str:
    """Return a table of one prompt continued: a row for each temperature, a column for each epoch."""
    samples = read_samples(reports / "prompt.csv")
    best_epoch = read_json(reports / "scores.json")["best_epoch"]
    epochs = sorted(set(samples["epoch"]))
    heads = [f"epoch {epoch}{', the best' if epoch == best_epoch else ''}" for epoch in epochs]
    lines = ["<table>", "<tr><th></th>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"]
    for temperature, group in samples.groupby("temperature"):
        texts = {row["epoch"]: row["text"][:SAMPLE_LENGTH] for row in group.to_dict("records")}
        cells = "".join(f"<td valign=top>{as_html(texts[epoch])}…</td>" for epoch in epochs)
        lines.append(f"<tr><th>{temperature_label(float(str(temperature)))}</th>{cells}</tr>")
    prompt = as_html(pd.unique(samples["prompt"])[0])
    return "\n".join(
        [f"Continuations of the prompt *{prompt}*, a row for each temperature:", "", *lines, "</table>", ""],
    )


def times(reports: Path = REPORTS) -> str:
    """Return how long each stage took."""
    rows = read_rows(reports / "seconds.csv")
    total = sum(float(row["seconds"]) for row in rows)
    each = ", ".join(f"{row['stage']} {float(row['seconds']):.1f}" for row in rows)
    return (
        f"Seconds of each stage, without starting Python, on {rows[0]['machine']}: {each}; "
        f"{total / 60:.0f} minutes in all.\n"
    )


def pictures(reports: Path = REPORTS) -> str:
    """Return the photographs of the page and of the runs in MLflow; nothing before there are any."""
    captions = {"page": "The page: epochs, losses, samples", "mlflow": "The runs in MLflow"}
    found = [name for name in captions if (reports / "screenshots" / f"{name}.png").exists()]
    return "".join(f"![{captions[name]}](reports/screenshots/{name}.png)\n" for name in found)
