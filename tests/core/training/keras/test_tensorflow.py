"""TensorFlow computes the same bytes on processors of any width, whatever it is told to use."""

import platform
from pathlib import Path

import llvmlite.binding
import pytest

from stages.core.training.ray_cluster import VARIABLES
from tests.support.programs import printed, start

HAS_AVX2 = platform.machine() in ("x86_64", "AMD64") and llvmlite.binding.get_host_cpu_features().get("avx2", False)
# with the batches and units of the default
TRAINING = """
import dataclasses
from stages.core.pipeline.files import sha256_of
from stages.core.text.characters import Characters
from stages.core.text.windows import WindowData, WindowPlan
from stages.core.training.batches import training_examples
from stages.core.training.keras.build import build_network
from tests.support.networks import TRAIN_PARAMS
from tests.support.text import made_up_text
text = made_up_text(12_000)
tokenizer = Characters.of(text)
plan = WindowPlan(window_length=20, stride=3, num_characters=len(text), num_validation_characters=1000)
params = dataclasses.replace(TRAIN_PARAMS, units=128, batch_size=128)
network = build_network(params, tokenizer.size, plan.window_length)
examples = training_examples(params, WindowData(tokenizer.encode(text), tokenizer, plan))
network.fit(examples.dataset(), shuffle=False, verbose=0)
print(sha256_of(*(weight.tobytes() for weight in network.get_weights())))
"""
# computed on a processor with AVX-512; another version of TensorFlow may give others
WEIGHTS_SHA256 = "e0e9605bdd96d264116157b3ca4d67af340978ac6ee6d476fe5f1b9219c20b9a"


@pytest.mark.skipif(not HAS_AVX2, reason="not an x86-64 processor with AVX2")
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"TF_ENABLE_ONEDNN_OPTS": "1", "ONEDNN_MAX_CPU_ISA": "DEFAULT"},
        {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    ],
    ids=["as it is", "widest", "narrowest"],
)
def test_weights_are_the_same_bytes_on_every_processor(variables: dict[str, str], tmp_path: Path) -> None:
    assert printed(start(TRAINING, tmp_path, **variables)).split()[-1] == WEIGHTS_SHA256


@pytest.mark.skipif(not HAS_AVX2, reason="not an x86-64 processor with AVX2")
def test_so_are_those_of_a_worker_of_ray_in_which_tensorflow_is_imported_first(tmp_path: Path) -> None:
    program = f"import tensorflow\n{TRAINING}"
    assert printed(start(program, tmp_path, **VARIABLES)).split()[-1] == WEIGHTS_SHA256
