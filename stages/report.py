r"""Show what was learned: figures, a text with samples side by side, and the explorer.

    python -m stages.report data/windows models reports/history.csv reports/samples.csv reports/scores.csv \
        reports/scores.json reports/prompt.csv reports/index.md reports/index.html reports/figures

Reads section report, download.files (the name of the corpus) and sample.length of params.yaml; writes the last four
paths.
"""

import logging
import shutil
from pathlib import Path

from stages.core.pipeline import params, stage  # first: it handles Ctrl-C

# isort: split
import numpy as np
import pandas as pd

from stages.core.generation.continuation import continue_prompt
from stages.core.generation.prompts import as_in_corpus, named
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.files import write_text
from stages.core.pipeline.params import DownloadParams, ReportParams, SampleParams
from stages.core.pipeline.randomness import generator
from stages.core.report.explorer import render_explorer
from stages.core.report.explorer.data import explorer_data
from stages.core.report.figures import distribution_figure, loss_figure, save_figure, score_figure
from stages.core.report.markdown import report_markdown
from stages.core.report.results import METRICS, SCORE_LABELS, Results
from stages.core.tables.history import read_history
from stages.core.tables.metrics import read_metrics
from stages.core.tables.samples import read_samples, samples_csv
from stages.core.tables.scores import read_scores
from stages.core.text.windows import read_windows, windows_hash
from stages.core.tracking.stage_log import log_stage

NOUNS = {"characters": "character", "words": "word", "bytes": "byte"}
logger = logging.getLogger(__name__)


def write_figures(results: Results, report: ReportParams, folder: Path) -> None:
    """Write the curves, and one distribution of the next token at the best epoch, at several temperatures."""
    best_epoch, prompt = results.metrics["best_epoch"], results.unread_prompt
    next_logits = results.models.network(best_epoch).stepper(1)
    for i in results.data.tokenizer.encode(prompt):
        logits = next_logits(np.array([i]))
    save_figure(loss_figure(results.history, best_epoch), folder / "loss.svg")
    tokenizer, temperatures = results.data.tokenizer, report.distribution_temperatures
    noun = NOUNS[tokenizer.kind]
    save_figure(
        distribution_figure(logits[0], tokenizer.texts, temperatures, prompt, noun), folder / "distribution.svg"
    )
    for name, label in {k: v for k, v in SCORE_LABELS.items() if k in results.scores}.items():
        figure = score_figure(results.scores, name, label, results.metrics["human"].get(name))
        save_figure(figure, folder / f"{name}.svg")


def prompt_samples(results: Results, report: ReportParams, length: int) -> pd.DataFrame:
    """Return one prompt continued by `length` tokens at several epochs, at the temperatures of the samples.

    The epochs are those of report.prompt_epochs, the best one, and 0: what the network wrote before training.
    """
    prompt = known_prompt(report.prompt, results)
    temperatures = sorted(set(results.samples["temperature"]))
    rows = []
    for epoch in shown_epochs(report.prompt_epochs, results):
        network = results.models.network(epoch)
        generators = [generator(report.random_seed, "prompt sample", epoch, t) for t in temperatures]
        made = continue_prompt(network, prompt, temperatures, length, generators)
        for temperature, each in zip(temperatures, made, strict=True):
            rows.append({"epoch": epoch, "temperature": temperature, "prompt": prompt, **vars(each)})
    return pd.DataFrame(rows)


def known_prompt(prompt: str | None, results: Results) -> str:
    """Return the prompt without the characters that the corpus does not have; a held-out passage where none is set."""
    text = as_in_corpus(prompt or "", results.data.tokenizer)
    if unknown := results.data.tokenizer.unknown_in(text):
        said = "params.yaml: report.prompt has characters that the corpus does not have: %s. Left out."
        logger.warning(said, named(unknown))
    return "".join(c for c in text if c not in unknown) or results.unread_prompt


def shown_epochs(wanted: tuple[int, ...], results: Results) -> list[int]:
    """Return the epochs to show one prompt at, ascending; those that were not trained are named and left out."""
    trained = results.models.epochs()
    missing = sorted(set(wanted) - set(trained))
    if missing:
        logger.warning(
            "params.yaml: report.prompt_epochs names %s, but this run has epochs %d to %d. Left out.",
            *(", ".join(map(str, missing)), trained[0], trained[-1]),
        )
    untrained = {0} if results.models.weights_path(0).is_file() else set()
    return sorted({*wanted, results.metrics["best_epoch"]} & set(trained) | untrained)


def main() -> None:
    """Read the outputs of the other stages, write the report."""
    parser = stage.parser(__doc__)
    for name in ("windows", "models", "history", "samples", "scores", "metrics"):
        parser.add_argument(name, type=Path, help="to read, from an earlier stage")
    for name in ("prompted", "markdown", "page", "figures"):
        parser.add_argument(name, type=Path, help="to write")
    arguments = parser.parse_args()
    report = params.load(ReportParams)
    files = params.load(DownloadParams).files
    results = Results(
        data=read_windows(arguments.windows),
        models=ModelFolder(arguments.models),
        history=read_history(arguments.history),
        samples=read_samples(arguments.samples),
        scores=read_scores(arguments.scores),
        metrics=read_metrics(arguments.metrics, METRICS),
    )
    results.models.require_text(arguments.windows, results.data, windows_hash(arguments.windows))
    results.models.all_epochs()
    shutil.rmtree(arguments.figures, ignore_errors=True)
    write_figures(results, report, arguments.figures)
    prompted = prompt_samples(results, report, params.load(SampleParams).length)
    write_text(arguments.prompted, samples_csv(prompted))
    write_text(arguments.markdown, report_markdown(results.metrics, results.samples, prompted, SCORE_LABELS))
    write_text(arguments.page, render_explorer(explorer_data(results, prompted, report, files)))
    logger.info("%s and %s: open the second in a browser", arguments.markdown, arguments.page)
    log_stage("report", arguments.models, arguments.samples.parent, arguments.windows)


if __name__ == "__main__":
    stage.run("report", main)
