"""Stage sample, without the stages before it."""

import dataclasses
import threading
from pathlib import Path

import numpy as np

from stages.core.pipeline.params import SampleParams
from stages.core.text.windows import WindowData, WindowPlan
from stages.sample import rows_of_epoch
from tests.support.networks import description, random_network, write_model

SETTINGS = SampleParams(random_seed=0, temperatures=(0.5, 1.0), length=20, prompts=None)
NETWORK = random_network(description())
DATA = WindowData(
    np.zeros(50, np.uint8),
    NETWORK.tokenizer,
    WindowPlan(window_length=NETWORK.window_length, stride=1, num_characters=50, num_validation_characters=20),
)


def test_an_epoch_has_a_row_for_each_temperature(tmp_path: Path) -> None:
    models = write_model(tmp_path, NETWORK)
    rows = rows_of_epoch(1, SETTINGS, DATA, models, threading.Event())
    assert [(row["temperature"], len(row["text"])) for row in rows] == [(0.5, 20), (1.0, 20)]


def test_a_long_sample_ends_when_the_program_is_stopped(tmp_path: Path) -> None:
    models, stopped = write_model(tmp_path, NETWORK), threading.Event()
    stopped.set()
    rows = rows_of_epoch(1, dataclasses.replace(SETTINGS, length=1_000_000), DATA, models, stopped)
    assert [len(row["text"]) for row in rows] == [1, 1]
