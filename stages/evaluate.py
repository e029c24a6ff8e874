r"""Choose the best epoch and score what the network writes, beside what a person wrote and what simpler models reach.

    python -m stages.evaluate data/windows models reports/history.csv reports/samples.csv \
        reports/metrics.json reports/scores.csv

Reads section evaluate of params.yaml; writes the metrics and a table of scores by epoch and temperature, and registers
the best epoch in MLflow. The best epoch is the one of the lowest validation loss; there, `score_length` characters
are made for each temperature. Scores compare with the training part of the corpus.
"""

import logging
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from stages.core.pipeline import params, progress, stage  # first, for it answers Ctrl-C

# isort: split
import numpy as np
import pandas as pd

from stages.core.evaluation.copies import MAX_CHARACTERS
from stages.core.evaluation.ngrams import compressor_bits_per_char, ngram_bits_per_char
from stages.core.evaluation.scores import PIECE_LENGTH, Corpus, score
from stages.core.generation.sampling import generate
from stages.core.kernels.processors import default_num_threads
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import write_json, write_text
from stages.core.pipeline.params import EvaluateParams, temperature_label
from stages.core.pipeline.randomness import generator
from stages.core.serving.registry import register_best
from stages.core.tables.history import NATS_TO_BITS, read_history
from stages.core.tables.samples import read_samples
from stages.core.tables.scores import scores_csv
from stages.core.text.windows import WindowData, read_windows
from stages.core.tracking.stage_log import log_stage

logger = logging.getLogger(__name__)
Scores = dict[str, float]


def summary_of_losses(history: pd.DataFrame) -> dict[str, Any]:
    """Return the part of metrics.json that is about losses. One that is no number is None: JSON has no name for it.

    Raises:
        UserError: no epoch has a validation loss.
    """
    if history["val_loss_nats_per_char"].isna().all():
        raise UserError(
            "reports/history.csv: no epoch has a validation loss. Lower train.learning_rate in params.yaml."
        )
    best = history.iloc[int(history["val_loss_nats_per_char"].argmin())]
    last = history.iloc[-1]

    def losses(row: "pd.Series[Any]") -> dict[str, float | None]:
        loss, val_loss = float(row["loss_nats_per_char"]), float(row["val_loss_nats_per_char"])
        found = {
            "loss_nats_per_char": loss,
            "val_loss_nats_per_char": val_loss,
            "val_bits_per_char": float(row["val_bits_per_char"]),
            "gap_nats_per_char": val_loss - loss,
        }
        return {name: value if math.isfinite(value) else None for name, value in found.items()}

    return {
        "best_epoch": int(best["epoch"]),
        "last_epoch": int(last["epoch"]),
        "num_rollbacks": int(history["num_rollbacks"].sum()),
        "best": losses(best),
        "last": losses(last),
    }


def text_at(
    temperature: float, epoch: int, evaluate: EvaluateParams, data: WindowData, models: ModelFolder
) -> tuple[str, float]:
    """Return `score_length` characters made at one temperature, and the mean entropy of their distributions in bits.

    They are made as pieces that advance together, each from a window of the corpus at random.
    """
    window_length = data.plan.window_length
    num_pieces = -(-evaluate.score_length // PIECE_LENGTH)
    generated = generator(evaluate.random_seed, "score", epoch, temperature)
    starts = generated.integers(len(data.ids) - window_length + 1, size=num_pieces)
    made = generate(
        models.network(epoch).stepper(num_pieces),
        data.ids[starts[:, None] + np.arange(window_length)],
        np.full(num_pieces, temperature, np.float64),
        generated.random((num_pieces, min(PIECE_LENGTH, evaluate.score_length))),
    )
    text = data.tokenizer.decode(made.ids.reshape(-1))[: evaluate.score_length]
    return text, float(made.entropies_nats.mean()) * NATS_TO_BITS


def scores_of_samples(samples: pd.DataFrame, corpus: Corpus, piece_length: int) -> pd.DataFrame:
    """Return the scores of every epoch and temperature, means over the prompts."""
    rows = [
        {
            "epoch": row["epoch"],
            "temperature": row["temperature"],
            "entropy_bits": row["entropy_nats"] * NATS_TO_BITS,
            **score(row["text"], corpus, piece_length),
        }
        for row in progress.bar(samples.to_dict("records"), desc="samples scored")
    ]
    # the longer a text, the longer its longest copy: not to be compared with that of the best epoch
    table = pd.DataFrame(rows).drop(columns="longest_copy_chars")
    return table.groupby(["epoch", "temperature"], as_index=False).mean()


def baselines(data: WindowData, max_order: int) -> Scores:
    """Return the bits per character that n-grams and a compressor reach on the validation part."""
    cut = data.plan.num_training_tokens
    training, held_out = data.ids[:cut], data.ids[cut : cut + MAX_CHARACTERS]
    bits = ngram_bits_per_char(training, held_out, data.tokenizer.size, max_order)
    decode = data.tokenizer.decode
    bzip2_bits = compressor_bits_per_char(decode(training[-MAX_CHARACTERS:]), decode(held_out))
    return {f"ngram_{order}_bits_per_char": b for order, b in bits.items()} | {"bzip2_bits_per_char": bzip2_bits}


def main() -> None:
    """Read the outputs of training and sampling, write metrics and scores."""
    parser = stage.parser(__doc__)
    parser.add_argument("windows", type=Path, help="folder of data/windows")
    parser.add_argument("models", type=Path, help="folder of the weights")
    parser.add_argument("history", type=Path, help="table of losses")
    parser.add_argument("samples", type=Path, help="table of samples")
    parser.add_argument("metrics", type=Path, help="JSON file to write")
    parser.add_argument("scores", type=Path, help="table of scores to write")
    arguments = parser.parse_args()
    evaluate = params.load(EvaluateParams)
    data, models = read_windows(arguments.windows), ModelFolder(arguments.models)
    samples = read_samples(arguments.samples)
    metrics = summary_of_losses(read_history(arguments.history))
    best_epoch = metrics["best_epoch"]

    cut = data.plan.num_training_tokens
    corpus = Corpus(data.tokenizer.decode(data.ids[: min(cut, MAX_CHARACTERS)]))
    # all that is scored is scored in pieces as long as the samples
    piece_length = min(PIECE_LENGTH, int(samples["text"].str.len().min()))
    table = scores_of_samples(samples, corpus, piece_length)
    temperatures = sorted(set(samples["temperature"]))
    with ThreadPoolExecutor(default_num_threads()) as pool:
        made = pool.map(lambda t: text_at(t, best_epoch, evaluate, data, models), temperatures)
        texts = list(progress.bar(made, total=len(temperatures), desc="texts to score"))
    metrics["temperature"] = {}
    for temperature, (text, entropy_bits) in zip(temperatures, texts, strict=True):
        scores = {"entropy_bits": entropy_bits} | score(text, corpus, piece_length)
        metrics["temperature"][temperature_label(temperature)] = scores
        here = (table["epoch"] == best_epoch) & (table["temperature"] == temperature)
        for name in scores.keys() & set(table.columns):
            table.loc[here, name] = scores[name]
    held_out = data.tokenizer.decode(data.ids[cut : cut + evaluate.score_length])
    metrics["human"] = score(held_out, corpus, piece_length)
    metrics["baseline"] = baselines(data, evaluate.max_ngram_order)

    write_json(arguments.metrics, metrics)
    write_text(arguments.scores, scores_csv(table))
    logger.info(
        "best epoch %d: %.4f nats, %.4f bits per character",
        *(best_epoch, metrics["best"]["val_loss_nats_per_char"], metrics["best"]["val_bits_per_char"]),
    )
    connection = log_stage("evaluate", arguments.models, arguments.metrics.parent, arguments.windows)
    register_best(connection, arguments.models, metrics)


if __name__ == "__main__":
    stage.run("evaluate", main)
