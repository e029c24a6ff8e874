"""What the explorer shows, gathered from the outputs of the stages."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.core.pipeline.params import CorpusFile, ReportParams
from stages.core.report.explorer import ExplorerData
from stages.core.report.explorer import weights as snapshot_room
from stages.core.report.explorer.data import explorer_data
from tests.support.results_example import BEST_EPOCH, EPOCHS, TEMPERATURES, example_results

REPORT = ReportParams(
    random_seed=0,
    prompt="a",
    prompt_epochs=(1, 3),
    distribution_temperatures=(1.0,),
    copied_passage_length=10,
)
FILES = (
    CorpusFile(name="one.txt", sha256="a" * 64, sources=("one.txt",)),
    CorpusFile(name="two.txt", sha256=None, sources=("two.txt",)),
)


def data_of(folder: Path, text: str = "", epochs: tuple[int, ...] = (0, *EPOCHS)) -> ExplorerData:
    results = example_results(folder, text, epochs=epochs)
    rows = [{"epoch": e, "temperature": 0.5, "prompt": "p", "text": f"at {e}", "entropy_nats": 1.0} for e in (0, 2)]
    return explorer_data(results, pd.DataFrame(rows), REPORT, FILES)


def test_numbers_of_the_history_the_scores_and_the_baselines_arrive(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    assert [(row.epoch, row.val_bits, row.num_rollbacks) for row in data.history] == [
        (1, 3.0, 0),
        (2, 2.0, 0),
        (3, 2.5, 2),
    ]
    assert np.allclose([row.bits for row in data.history], np.array([2.0, 1.5, 1.0]) / np.log(2))
    assert data.held_out_bits == 1.95
    assert [(s.epoch, s.temperature, s.values["entropy_bits"]) for s in data.scores] == [
        (e, t, e + t) for e in EPOCHS for t in TEMPERATURES
    ]
    assert [(b.name, b.bits) for b in data.baselines] == [("2-gram", 3.25), ("bzip2", 2.5)]
    assert list(data.score_labels) == ["real_word_fraction", "entropy_bits"]  # the others were not measured
    assert (data.corpus_title, data.corpus_sha256) == ("one.txt, two.txt", f"{'a' * 64}, not checked")


def test_samples_are_those_of_training_and_of_before_it(tmp_path: Path) -> None:
    samples = data_of(tmp_path).samples
    assert [(s.epoch, s.temperature) for s in samples] == [(0, 0.5), *((e, t) for e in EPOCHS for t in TEMPERATURES)]
    assert samples[0].text == "at 0"


def test_unknown_words_and_copied_passages_are_marked_where_they_stand(tmp_path: Path) -> None:
    sample = data_of(tmp_path).samples[1]
    assert [sample.text[start:end] for start, end in sample.unknown_words][-1] == "zzz"
    (start, end), *others = sample.copied
    assert not others
    assert sample.text[start:end].startswith(sample.text[:40])


def test_words_are_not_marked_where_a_text_has_no_spaces(tmp_path: Path) -> None:
    data = data_of(tmp_path, "道可道非常道名可名非常名無名天地之始有名萬物之母" * 60)
    assert not data.has_words
    assert {sample.unknown_words for sample in data.samples} == {()}


def test_best_epoch_goes_in_exactly_and_the_others_in_half_precision(tmp_path: Path) -> None:
    data, results = data_of(tmp_path), example_results(tmp_path)
    assert [(s.epoch, s.type) for s in data.snapshots] == [
        (0, "float16"),
        (1, "float16"),
        (BEST_EPOCH, "float32"),
        (3, "float16"),
    ]
    for snapshot in data.snapshots:
        for name, array in results.models.network(snapshot.epoch).weights.items():
            assert np.array_equal(snapshot.arrays[name], array.astype(snapshot.type))


def test_epochs_without_weights_are_left_out(tmp_path: Path) -> None:
    assert [snapshot.epoch for snapshot in data_of(tmp_path, epochs=(BEST_EPOCH, 3)).snapshots] == [BEST_EPOCH, 3]


def test_a_large_network_goes_in_as_half_precision_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_room, "MAX_EXACT_WEIGHTS", 10)
    monkeypatch.setattr(snapshot_room, "MAX_BYTES_OF_OTHERS", 10)
    assert [(s.epoch, s.type) for s in data_of(tmp_path).snapshots] == [(BEST_EPOCH, "float16")]


def test_length_on_the_page_is_that_of_base64(tmp_path: Path) -> None:
    snapshot = data_of(tmp_path).snapshots[0]
    assert snapshot.num_bytes == sum(-(-array.nbytes // 3) * 4 for array in snapshot.arrays.values())
    assert replace(snapshot, arrays={}).num_bytes == 0
