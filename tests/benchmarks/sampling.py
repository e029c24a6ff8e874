"""Stage sample as it stands, and the usual way: one `predict` of Keras for each character."""

import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
import numpy as np

from stages.core.generation.sampling import sample_categorical, softmax_with_temperature
from stages.core.networks.folder import ModelFolder
from stages.core.text.windows import windows_hash, write_plan
from stages.train import describe
from tests.benchmarks.data import WINDOWS, train_params, window_data
from tests.benchmarks.measuring import Contender, Effort, Work, in_turns, ratios, run_command, say, spread
from tests.support.project import Project

UNITS = 128
TEMPERATURES = (0.2, 0.5, 1.0, 1.2)
COMMAND = ("stages.sample", "data/windows", "models", "reports/samples.csv", "reports/samples.md")


def predict(models: str, num_epochs: int, num_characters: int) -> Work:
    """Save random weights for every epoch; return the generation of some characters with Keras."""
    from stages.core.training.keras.build import build_network  # TensorFlow, only in the process of this contender

    data, folder = window_data(), ModelFolder(Path(models))
    train = train_params(UNITS, "keras")
    network = build_network(train, data.tokenizer.size, WINDOWS.window_length)
    windows = windows_hash(folder.path.parent / "data" / "windows")
    folder.write_description(describe(data, asdict(train), network.count_params(), "benchmark", windows))
    random = np.random.default_rng(0)
    (folder.path / "epochs").mkdir(parents=True)
    for epoch in range(1, num_epochs + 1):
        network.set_weights([random.normal(scale=0.2, size=w.shape) for w in network.get_weights()])
        network.save_weights(folder.weights_path(epoch))

    def work(num_characters: int = num_characters) -> None:
        window = np.array(data.ids[: WINDOWS.window_length], np.int32)[None]  # (1, T)
        for _ in range(num_characters):
            logits = np.log(network.predict(window, verbose=0))
            character = sample_categorical(softmax_with_temperature(logits, np.ones(1)), random.random(1))
            window = np.append(window[:, 1:], character[None].astype(np.int32), axis=1)

    work(3)
    return work


def measure(effort: Effort) -> dict[str, Any]:
    """Return seconds of the stage, and milliseconds of a character both ways."""
    num_epochs, length, num_rounds = effort.choose((4, 100, 2), (60, 400, 3))
    num_characters = effort.choose(10, 40)
    with tempfile.TemporaryDirectory() as name:
        project = make_project(Path(name), length)
        say(f"  random weights of {num_epochs} epochs")
        with Contender(
            "sampling:predict",
            models=str(project.path / "models"),
            num_epochs=num_epochs,
            num_characters=num_characters,
        ) as keras:
            keras.wait()
            stage_run(project)  # compiles the kernel, where that was never done
            seconds = in_turns({"stage": lambda: stage_run(project), "Keras": keras.seconds}, num_rounds)
    num_made = num_epochs * len(TEMPERATURES) * length
    character_ms = {
        "stage": [1000 * s / num_made for s in seconds["stage"]],
        "Keras": [1000 * s / num_characters for s in seconds["Keras"]],
    }
    rows: list[dict[str, Any]] = [
        {
            "what": f"stage sample: {num_made:,} characters",
            "s": spread(seconds["stage"]),
            "ms per character": spread(character_ms["stage"]),
            "time / time of stage": None,
        },
        {
            "what": f"Keras, one `predict` for each of {num_characters} characters",
            "s": spread(seconds["Keras"]),
            "ms per character": spread(character_ms["Keras"]),
            "time / time of stage": ratios(character_ms["Keras"], character_ms["stage"]),
        },
    ]
    return {
        "title": "Sampling",
        "conditions": (
            f"{num_epochs} epochs × {len(TEMPERATURES)} temperatures × {length} characters, LSTM-{UNITS} with random "
            f"weights, windows of {WINDOWS.window_length}, prompts of the same length. The stage is the whole process: "
            "its start, reading the weights, the prompts, the tables, MLflow. Of Keras it is the loop alone, "
            "one text after the other, where the stage writes many side by side."
        ),
        "tables": [rows],
        "seconds_by_round": seconds,
    }


def make_project(folder: Path, length: int) -> Project:
    """Return a project that has windows, an MLflow database, and no weights yet."""
    mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}").search_experiments()
    project = Project.create(folder / "project", folder / "mlflow.db")
    project.set_params("sample", length=length, temperatures=list(TEMPERATURES), prompts=None)
    data, windows = window_data(), project.path / "data" / "windows"
    write_plan(windows, data.tokenizer, data.plan)
    np.save(windows / "ids.npy", data.ids, allow_pickle=False)
    return project


def stage_run(project: Project) -> float:
    """Run the stage with nothing there from before; return the seconds."""
    shutil.rmtree(project.path / "models" / ".resume", ignore_errors=True)
    return run_command([sys.executable, "-m", *COMMAND], project.path).wall_s
