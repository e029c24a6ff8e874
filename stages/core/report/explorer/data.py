"""What the explorer shows, out of what the stages have made."""

from stages.core.evaluation.copies import MAX_CHARACTERS
from stages.core.evaluation.scores import Corpus, joined
from stages.core.pipeline import progress
from stages.core.pipeline.params import CorpusFile, ReportParams
from stages.core.report.explorer import Baseline, EpochRow, ExplorerData, Sample, Scores
from stages.core.report.markdown import baseline_name
from stages.core.report.results import SCORE_LABELS, Results
from stages.core.tables.history import NATS_TO_BITS


def explorer_data(results: Results, report: ReportParams, files: tuple[CorpusFile, ...]) -> ExplorerData:
    """Return what the explorer shows."""
    cut = results.data.plan.num_training_tokens
    corpus = Corpus(results.data.tokenizer.decode(results.data.ids[: min(cut, MAX_CHARACTERS)]))
    description, metrics = results.models.description(), results.metrics
    return ExplorerData(
        corpus_title=", ".join(file.name for file in files),
        corpus_sha256=", ".join(file.sha256 or "not checked" for file in files),
        tokens=description.tokenizer.texts,
        window_length=description.window_length,
        kind=description.kind,
        weights=results.models.network(metrics["best_epoch"]).weights,
        best_epoch=metrics["best_epoch"],
        history=tuple(
            EpochRow(**{k: row[k] for k in EpochRow.__dataclass_fields__}) for row in results.history.to_dict("records")
        ),
        samples=tuple(
            Sample(
                **{k: row[k] for k in ("epoch", "temperature", "prompt", "text")},
                unknown_words=tuple(corpus.unknown_words(row["text"])),
                copied=tuple(joined(corpus.copies.copied_passages(row["text"], report.copied_passage_length))),
            )
            for row in progress.bar(results.samples.to_dict("records"), desc="samples marked")
        ),
        copied_passage_length=report.copied_passage_length,
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
