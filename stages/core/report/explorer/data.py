"""Gathers what the explorer shows from the outputs of the stages."""

from collections.abc import Iterator

import pandas as pd

from stages.core.evaluation.corpus import joined
from stages.core.networks.network import Network
from stages.core.pipeline import progress
from stages.core.pipeline.params import CorpusFile, ReportParams
from stages.core.report.explorer.schema import (
    Baseline,
    EpochRow,
    ExplorerData,
    NetworkOnPage,
    Sample,
    Scores,
    TokensOnPage,
)
from stages.core.report.explorer.weights import snapshots
from stages.core.report.markdown import baseline_name
from stages.core.report.results import SCORE_LABELS, Results
from stages.core.tables.history import NATS_TO_BITS

HELD_OUT_TOKENS = 400  # to guess from


def explorer_data(
    results: Results, prompted: pd.DataFrame, report: ReportParams, files: tuple[CorpusFile, ...]
) -> ExplorerData:
    """Return what the explorer shows.

    Args:
        results: the outputs of the other stages.
        prompted: the table of samples of one prompt; those of epoch 0 are shown with the others.
        report: section report of params.yaml.
        files: of the corpus.
    """
    metrics, tokenizer = results.metrics, results.data.tokenizer
    untrained = prompted[prompted["epoch"] == 0]
    return ExplorerData(
        corpus_title=", ".join(file.name for file in files),
        corpus_sha256=", ".join(file.sha256 or "not checked" for file in files),
        tokens=TokensOnPage(kind=tokenizer.to_json()["tokens"], texts=tokenizer.texts),
        network=network_on_page(results.models.network(metrics["best_epoch"])),
        snapshots=snapshots(
            (metrics["best_epoch"], results.models.network(metrics["best_epoch"])), _others(results, report)
        ),
        best_epoch=metrics["best_epoch"],
        held_out_bits=metrics["held_out_bits_per_char"],
        history=tuple(
            EpochRow(
                epoch=row["epoch"],
                bits=row["loss_nats_per_char"] * NATS_TO_BITS,
                val_bits=row["val_bits_per_char"],
                learning_rate=row["learning_rate"],
                num_rollbacks=row["num_rollbacks"],
            )
            for row in results.history.to_dict("records")
        ),
        samples=marked_samples(pd.concat([untrained, results.samples]), results, report.copied_passage_length),
        copied_passage_length=report.copied_passage_length,
        default_prompt=results.unread_prompt,
        held_out_text=results.held_out_text(HELD_OUT_TOKENS),
        has_words=results.has_words,
        score_labels={name: label for name, label in SCORE_LABELS.items() if name in results.scores},
        scores=tuple(
            Scores(
                epoch=row["epoch"], temperature=row["temperature"], values={k: row[k] for k in SCORE_LABELS if k in row}
            )
            for row in results.scores.to_dict("records")
        ),
        human_scores=metrics["human"],
        baselines=tuple(Baseline(name=baseline_name(key), bits=bits) for key, bits in metrics["baseline"].items()),
    )


def network_on_page(network: Network) -> NetworkOnPage:
    """Return what the network's script needs to know."""
    description = network.description
    return NetworkOnPage(
        kind=description.kind,
        settings=description.settings,
        targets=description.targets,
        carries_state=description.carries_state,
        window_length=description.window_length,
        num_tokens=description.tokenizer.size,
        num_weights=description.num_weights,
    )


def marked_samples(samples: pd.DataFrame, results: Results, copied_passage_length: int) -> tuple[Sample, ...]:
    """Return the samples with their words and passages marked."""
    return tuple(
        Sample(
            **{k: row[k] for k in ("epoch", "temperature", "prompt", "text")},
            unknown_words=tuple(results.corpus.unknown_words(row["text"])),
            copied=tuple(joined(results.corpus.copies.copied_passages(row["text"], copied_passage_length))),
        )
        for row in progress.bar(samples.to_dict("records"), desc="samples marked")
    )


def _others(results: Results, report: ReportParams) -> Iterator[tuple[int, Network]]:
    """Yield the epochs of report.prompt_epochs and epoch 0, each with its network, the earliest first."""
    best = results.metrics["best_epoch"]
    for epoch in sorted({0, *report.prompt_epochs} - {best}):
        if results.models.weights_path(epoch).is_file():
            yield epoch, results.models.network(epoch)
