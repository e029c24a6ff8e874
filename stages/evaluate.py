r"""Choose the best epoch and score what the network writes, beside what a person wrote and what simpler models reach.

    python -m stages.evaluate data/windows models reports/history.csv reports/samples.csv \
        reports/metrics.json reports/scores.json reports/scores.csv

Reads section evaluate of params.yaml. Writes the numbers to compare experiments by, all scores, and a table of scores
by epoch and temperature; registers the best epoch in MLflow. The best epoch has the lowest validation loss; there, the
held-out text is predicted and `score_length` characters are made at each temperature. Scores compare with the training
part of the corpus.
"""

import logging
from pathlib import Path
from typing import Any

from stages.core.pipeline import params, progress, stage  # first, for it answers Ctrl-C

# isort: split
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.core.evaluation.baselines import baselines
from stages.core.evaluation.corpus import NO_WORDS, Corpus
from stages.core.evaluation.excerpts import held_out_ids
from stages.core.evaluation.held_out import held_out_bits_per_char
from stages.core.evaluation.samples import scores_of_samples
from stages.core.evaluation.scores import PIECE_LENGTH, score
from stages.core.evaluation.summary import headline, summary_of_losses
from stages.core.generation.long_text import long_text
from stages.core.kernels.processors import default_num_threads
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.files import write_json, write_text
from stages.core.pipeline.params import EvaluateParams, temperature_label
from stages.core.pipeline.randomness import generator
from stages.core.pipeline.threads import stoppable_threads
from stages.core.serving.registry import register_best
from stages.core.tables.history import NATS_TO_BITS, read_history
from stages.core.tables.samples import read_samples
from stages.core.tables.scores import scores_csv
from stages.core.text.windows import WindowData, read_windows, windows_hash
from stages.core.tracking.stage_log import log_stage

logger = logging.getLogger(__name__)


def scores_of_texts(
    samples: pd.DataFrame, best_epoch: int, evaluate: EvaluateParams, data: WindowData, models: ModelFolder
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the scores of longer texts at the best epoch and of held-out text, and the table of scores by epoch."""
    corpus = Corpus.of(data)
    # every text is scored in pieces as long as the samples
    piece_length = min(PIECE_LENGTH, int(samples["text"].str.len().min()))
    table = scores_of_samples(samples, corpus, piece_length)
    temperatures = sorted(set(samples["temperature"]))
    network = models.network(best_epoch)

    def text_at(temperature: float) -> tuple[str, float]:
        drawn = generator(evaluate.random_seed, "score", best_epoch, temperature)
        return long_text(network, data, temperature, evaluate.score_length, PIECE_LENGTH, drawn, on_token)

    def on_token(ids: NDArray[np.int64]) -> bool:
        bar.update(len(ids))
        return stopped.is_set()

    with (
        progress.bar(total=len(temperatures) * evaluate.score_length, desc="text to score", unit="char") as bar,
        stoppable_threads(default_num_threads()) as (pool, stopped),
    ):
        texts = list(pool.map(text_at, temperatures))
    by_temperature = {}
    for temperature, (text, entropy_nats) in zip(temperatures, texts, strict=True):
        scores = {"entropy_bits": entropy_nats * NATS_TO_BITS} | score(text, corpus, piece_length)
        by_temperature[temperature_label(temperature)] = scores
        here = (table["epoch"] == best_epoch) & (table["temperature"] == temperature)
        for name in scores.keys() & set(table.columns):
            table.loc[here, name] = scores[name]
    human = data.tokenizer.decode(held_out_ids(data, evaluate.score_length))[: evaluate.score_length]
    found = {"temperature": by_temperature, "human": score(human, corpus, piece_length)}
    return found | ({} if corpus.has_spaces else {"note": NO_WORDS}), table


def main() -> None:
    """Read the outputs of training and sampling, write metrics and scores."""
    parser = stage.parser(__doc__)
    parser.add_argument("windows", type=Path, help="folder of data/windows")
    parser.add_argument("models", type=Path, help="folder of the weights")
    parser.add_argument("history", type=Path, help="table of losses")
    parser.add_argument("samples", type=Path, help="table of samples")
    parser.add_argument("metrics", type=Path, help="JSON file to write: the numbers to compare by")
    parser.add_argument("scores", type=Path, help="JSON file to write: all scores")
    parser.add_argument("table", type=Path, help="table of scores to write")
    arguments = parser.parse_args()
    evaluate = params.load(EvaluateParams)
    data, models = read_windows(arguments.windows), ModelFolder(arguments.models)
    models.require_text(arguments.windows, data, windows_hash(arguments.windows))
    models.all_epochs()
    samples = read_samples(arguments.samples)
    scores = summary_of_losses(read_history(arguments.history))
    best_epoch = scores["best_epoch"]
    scores["held_out_bits_per_char"] = held_out_bits_per_char(models.network(best_epoch), data)
    scores["baseline"] = baselines(data, evaluate.max_ngram_order)
    of_texts, table = scores_of_texts(samples, best_epoch, evaluate, data, models)
    scores |= of_texts

    write_json(arguments.metrics, headline(scores))
    write_json(arguments.scores, scores)
    write_text(arguments.table, scores_csv(table))
    logger.info("best epoch %d: %.4f bits per held-out character", best_epoch, scores["held_out_bits_per_char"])
    if "note" in scores:
        logger.info("%s", scores["note"])
    connection = log_stage("evaluate", arguments.models, arguments.metrics.parent, arguments.windows)
    register_best(connection, arguments.models, scores)


if __name__ == "__main__":
    stage.run("evaluate", main)
