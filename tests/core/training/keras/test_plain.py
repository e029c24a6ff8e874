"""What is exported: plain Keras loads it in a process that cannot import this project, and gives the same numbers."""

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.core.networks.network import Network
from stages.core.networks.table import NETWORKS
from stages.core.training.keras.plain import plain_model
from stages.core.training.keras.tensorflow import keras
from tests.support.keras_networks import probabilities
from tests.support.networks import description, random_network
from tests.support.project import environment

WINDOW_LENGTH, NUM_TEXTS, LONGER = 8, 3, 30
KINDS = list(itertools.product(NETWORKS, (1, 2), (("last", False), ("every", False), ("every", True))))
CASES = [(k, n, *targets) for k, n, targets in KINDS if not (targets[1] and NETWORKS[k].receptive_field)]
IDS = np.random.default_rng(3).integers(7, size=(NUM_TEXTS, LONGER))
ELSEWHERE = """
import pathlib, sys
sys.modules["stages"] = None  # to import it is an error from here on
import keras, numpy as np
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.keras")):
    ids = np.load(path.with_suffix(".ids.npy"))
    np.save(path.with_suffix(".probabilities.npy"), keras.saving.load_model(path).predict(ids, verbose=0))
"""


def made(kind: str, num_layers: int, targets: str, carries: bool) -> Network:
    """A network with weights drawn at random."""
    described = description(
        kind=kind, num_layers=num_layers, window_length=WINDOW_LENGTH, targets=targets, carries_state=carries
    )
    return random_network(described)


@pytest.fixture(scope="module")
def loaded_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file of every case, and what a process without this project reads from it."""
    folder = tmp_path_factory.mktemp("exported")
    for case in CASES:
        plain_model(made(*case)).save(folder / f"{name(case)}.keras")
        np.save(folder / f"{name(case)}.ids.npy", IDS[:, : LONGER if case[3] else WINDOW_LENGTH])
    command = [sys.executable, "-c", ELSEWHERE, str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def name(case: tuple[Any, ...]) -> str:
    return "-".join(map(str, case))


@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_process_without_this_project_reads_the_same_probabilities(
    case: tuple[Any, ...], loaded_elsewhere: Path
) -> None:
    ids: NDArray[Any] = np.load(loaded_elsewhere / f"{name(case)}.ids.npy")
    expected = probabilities(made(*case), ids)  # (B, T, V)
    received = np.load(loaded_elsewhere / f"{name(case)}.probabilities.npy")
    np.testing.assert_allclose(received, expected if case[2] == "every" else expected[:, -1], atol=1e-5)


@pytest.mark.parametrize("kind", NETWORKS)
def test_it_holds_the_weights_of_the_network_and_layers_of_keras_alone(kind: str) -> None:
    network = made(kind, 2, "last", False)
    model = plain_model(network)
    assert model.count_params() == network.description.num_weights
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}
    assert not any(isinstance(layer, keras.layers.Lambda) for layer in model.layers)


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("num_tokens", [1, 2, WINDOW_LENGTH - 1])
def test_a_short_text_is_continued_as_by_the_stepper(kind: str, num_tokens: int) -> None:
    network, ids = made(kind, 1, "last", False), IDS[:, :num_tokens]
    expected = probabilities(network, ids)[:, -1]
    np.testing.assert_allclose(plain_model(network).predict(ids, verbose=0), expected, atol=1e-5)
