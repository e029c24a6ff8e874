"""reports/collapse-keras-2.patch: with it, the gates and RMSprop compute what Keras 2.0 did."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.project import ROOT

CHECK = """
import numpy as np
from stages.core.networks.recurrent import logistic
from stages.core.pipeline.params import TrainParams, load
from stages.core.training.keras import compiled_lstm
from stages.core.training.keras.optimizers import make_optimizer
from stages.core.training.keras.tensorflow import keras, tf
from tests.support.keras_layers import assert_equal_to_rounding, results

def hard_sigmoid(x):
    return keras.ops.clip(0.2 * x + 0.5, 0, 1)

random = np.random.default_rng(0)
inputs = tf.constant(random.normal(size=(33, 5, 9), scale=4), tf.float32)
theirs = keras.layers.LSTM(33, return_state=True, recurrent_activation=hard_sigmoid)
ours = compiled_lstm.LSTM(33, return_state=True)
for layer in (theirs, ours):
    layer.build(inputs.shape)
ours.set_weights(theirs.get_weights())
assert_equal_to_rounding(results(ours, inputs), results(theirs, inputs))
assert ours._num_forward_passes > 0

x = np.linspace(-4, 4, 99, dtype=np.float32)
np.testing.assert_allclose(logistic(x), hard_sigmoid(x), atol=1e-6)

weight, velocity, expected = keras.Variable(np.zeros(9, np.float32)), np.zeros(9), np.zeros(9)
optimizer = make_optimizer(load(TrainParams))
for size in (1e-5, 1e-4, 1):  # ascending, or the largest would hide epsilon
    gradient = size * random.uniform(1, 2, 9)
    optimizer.apply([tf.constant(gradient, tf.float32)], [weight])
    velocity = 0.9 * velocity + 0.1 * gradient**2
    expected -= 0.01 * gradient / (np.sqrt(velocity) + 1e-8)
np.testing.assert_allclose(weight, expected, rtol=0.01)  # inside the root, epsilon is not quite the same
"""


def test_with_the_patch_a_network_trains_as_with_keras_2(tmp_path: Path) -> None:
    for folder in ("stages", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "params.yaml", tmp_path)
    subprocess.run(["git", "apply", ROOT / "reports/collapse-keras-2.patch"], cwd=tmp_path, check=True)
    done = subprocess.run([sys.executable, "-c", CHECK], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
