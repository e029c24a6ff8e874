r"""Show what was learned: figures, a text with samples side by side, and the explorer.

    python -m stages.report data/windows models reports/history.csv reports/samples.csv reports/scores.csv \
        reports/metrics.json reports/prompt.csv reports/index.md reports/index.html reports/figures

Reads sections report and download.files (for what the corpus is called) of params.yaml; writes what the last four paths
name.
"""

import argparse
import logging
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.core.common import params, progress, settings, stage  # first, for it answers Ctrl-C

# isort: split
import numpy as np
import pandas as pd

from stages.core.common.errors import readable
from stages.core.common.files import read_json, write_text
from stages.core.common.params import CorpusFile, DownloadParams, ReportParams
from stages.core.compute.randomness import generator
from stages.core.generation.continuation import continue_prompt
from stages.core.generation.sliding_lstm import SlidingLSTM
from stages.core.model.model_folder import ModelFolder
from stages.core.pages.explorer import Baseline, EpochRow, ExplorerData, Sample, Scores, render_explorer
from stages.core.pages.figures import distribution_figure, loss_figure, save_figure, score_figure
from stages.core.pages.report_text import baseline_name, report_markdown
from stages.core.runs.history import NATS_TO_BITS, read_history
from stages.core.samples.sample_table import read_samples, samples_csv
from stages.core.samples.sampling_run import SamplingRun
from stages.core.scores.copies import MAX_CHARACTERS
from stages.core.scores.scoring import Corpus, joined
from stages.core.text.windows import WindowData, read_windows

SCORE_LABELS = {
    "real_word_fraction": "Words that occur in the corpus",
    "entropy_bits": "Entropy of the sampled distributions, in bits",
    "distinct_1": "Distinct words, of all words",
    "distinct_2": "Distinct pairs of words, of all pairs",
    "distinct_3": "Distinct triples of words, of all triples",
    "repetition": "Runs of four words that came before, of all runs",
    "copy_chars": "Longest passage copied from the corpus, in characters",
}
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Results:
    """Everything that the stages before have made."""

    data: WindowData
    models: ModelFolder
    history: pd.DataFrame
    samples: pd.DataFrame
    scores: pd.DataFrame
    metrics: dict[str, Any]

    @property
    def unread_prompt(self) -> str:
        """Text that the network was not trained on: a prompt to show."""
        cut = self.data.plan.num_training_characters
        return up_to_a_word(self.data.vocabulary.decode(self.data.ids[cut : cut + self.data.plan.window_length]))


def read_scores(path: Path) -> pd.DataFrame:
    """Return the table of scores, or a UserError where it is damaged."""
    with readable(path):
        return pd.read_csv(path)[["epoch", "temperature", *SCORE_LABELS]].astype(float).astype({"epoch": int})


def read_metrics(path: Path) -> dict[str, Any]:
    """Return what metrics.json holds, or a UserError where it is damaged."""
    with readable(path):
        metrics: dict[str, Any] = read_json(path)
        required = ("best_epoch", "last_epoch", "best", "last", "baseline", "human", "temperature")
        return {name: metrics[name] for name in required} | metrics


def up_to_a_word(text: str) -> str:
    r"""Return the text without the word that its end cuts: inside a word there is little choice of what comes next.

    >>> up_to_a_word("if humanity may\nconver"), up_to_a_word("conver")
    ('if humanity may\n', 'conver')
    """
    return re.sub(r"\S*\Z", "", text) or text


def write_figures(results: Results, settings: ReportParams, folder: Path) -> None:
    """Write the curves, and one next-character distribution of the best epoch at several temperatures."""
    best_epoch, prompt = results.metrics["best_epoch"], results.unread_prompt
    network = SlidingLSTM(results.models.weights(best_epoch), 1, len(prompt))
    for i in results.data.vocabulary.encode(prompt):
        logits = network(np.array([i]))
    save_figure(loss_figure(results.history, best_epoch), folder / "loss.svg")
    characters = results.data.vocabulary.characters
    figure = distribution_figure(logits[0], characters, settings.distribution_temperatures, prompt)
    save_figure(figure, folder / "distribution.svg")
    for name, label in SCORE_LABELS.items():
        figure = score_figure(results.scores, name, label, results.metrics["human"].get(name))
        save_figure(figure, folder / f"{name}.svg")


def prompt_samples(results: Results, settings: ReportParams) -> pd.DataFrame:
    """Return one prompt continued at several epochs, at the temperatures and to the length of the samples."""
    vocabulary = results.data.vocabulary
    unknown = vocabulary.unknown_in(settings.prompt)
    prompt = "".join(c for c in settings.prompt if c not in unknown) or results.unread_prompt
    if unknown:
        logger.warning("params.yaml: report.prompt has characters that the corpus has not: %r. Left out.", unknown)
    temperatures = sorted(set(results.samples["temperature"]))
    length = len(results.samples["text"].iloc[0])
    rows = []
    for epoch in sorted({*settings.prompt_epochs, results.metrics["best_epoch"]} & set(results.models.epochs())):
        generators = [generator(settings.random_seed, "prompt sample", epoch, t) for t in temperatures]
        window_length = results.data.plan.window_length
        weights = results.models.weights(epoch)
        made = continue_prompt(weights, vocabulary, window_length, prompt, temperatures, length, generators)
        for temperature, each in zip(temperatures, made, strict=True):
            rows.append({"epoch": epoch, "temperature": temperature, "prompt": prompt, **vars(each)})
    return pd.DataFrame(rows)


def explorer_data(results: Results, settings: ReportParams, files: tuple[CorpusFile, ...]) -> ExplorerData:
    """Return what the explorer shows."""
    cut = results.data.plan.num_training_characters
    corpus = Corpus(results.data.vocabulary.decode(results.data.ids[: min(cut, MAX_CHARACTERS)]))
    description, metrics = results.models.description(), results.metrics
    return ExplorerData(
        corpus_title=", ".join(file.name for file in files),
        corpus_sha256=", ".join(file.sha256 or "not checked" for file in files),
        characters=description.characters,
        window_length=description.window_length,
        weights=results.models.weights(metrics["best_epoch"]),
        best_epoch=metrics["best_epoch"],
        history=tuple(
            EpochRow(**{k: row[k] for k in EpochRow.__dataclass_fields__}) for row in results.history.to_dict("records")
        ),
        samples=tuple(
            Sample(
                **{k: row[k] for k in ("epoch", "temperature", "prompt", "text")},
                unreal_words=tuple(corpus.unreal_words(row["text"])),
                copied=tuple(joined(corpus.copies.copied_passages(row["text"], settings.copied_passage_length))),
            )
            for row in progress.bar(results.samples.to_dict("records"), desc="samples marked")
        ),
        copied_passage_length=settings.copied_passage_length,
        default_prompt=results.unread_prompt,
        score_labels=SCORE_LABELS,
        scores=tuple(
            Scores(
                epoch=row["epoch"], temperature=row["temperature"], values={name: row[name] for name in SCORE_LABELS}
            )
            for row in results.scores.to_dict("records")
        ),
        human_scores=metrics["human"],
        baselines=tuple(
            Baseline(name=baseline_name(key), loss_nats_per_char=bits / NATS_TO_BITS)
            for key, bits in metrics["baseline"].items()
        ),
    )


def main() -> None:
    """Read the outputs of the other stages, write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
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
        metrics=read_metrics(arguments.metrics),
    )
    shutil.rmtree(arguments.figures, ignore_errors=True)
    write_figures(results, report, arguments.figures)
    prompted = prompt_samples(results, report)
    write_text(arguments.prompted, samples_csv(prompted))
    write_text(arguments.markdown, report_markdown(results.metrics, results.samples, prompted, SCORE_LABELS))
    write_text(arguments.page, render_explorer(explorer_data(results, report, files)))
    logger.info("%s and %s: open the second in a browser", arguments.markdown, arguments.page)
    run = SamplingRun()
    sections = settings.read_yaml(settings.PARAMS_FILE)
    parameters = {name: sections[name] for name in ("sample", "evaluate", "report")}
    evaluated, made = (arguments.metrics, arguments.scores), (arguments.prompted, arguments.markdown, arguments.page)
    fingerprint = results.models.description().fingerprint
    run.start(fingerprint, parameters, arguments.samples, *evaluated, *made)
    run.log_samples(results.samples, arguments.samples)
    run.log_evaluation(results.metrics, results.scores, *evaluated)
    run.log_artifacts(*made, arguments.figures)
    run.finish()


if __name__ == "__main__":
    stage.run("report", main)
