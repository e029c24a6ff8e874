"""Every position as a target: one LSTM layer, and a stack that carries its state, by who computes them."""

import importlib
from importlib.util import find_spec
from typing import Any

import numpy as np

from tests.benchmarks.measuring import Effort, Work, num_cores, race, ratios, say, spread

VOCABULARY_SIZE = 57
NUM_WARM_UP_BATCHES = 2
# units, layers, rows, steps, whether the state is carried, batches of a round
SHAPES: dict[str, dict[str, Any]] = {
    "LSTM-128": {"units": 128, "num_layers": 1, "num_rows": 128, "num_steps": 60, "carried": False},
    "2 × LSTM-512, carried": {"units": 512, "num_layers": 2, "num_rows": 32, "num_steps": 64, "carried": True},
}
NUM_BATCHES = {"LSTM-128": 60, "2 × LSTM-512, carried": 8}


def random_ids(num_batches: int, num_rows: int, num_steps: int) -> Any:
    """Return ids (num_batches * num_rows, num_steps + 1)."""
    size = num_batches * num_rows, num_steps + 1
    return np.random.default_rng(0).integers(VOCABULARY_SIZE, size=size, dtype=np.int32)


def keras_fit(
    *, compiled: bool, units: int, num_layers: int, num_rows: int, num_steps: int, carried: bool, num_batches: int
) -> Work:
    """Return a `fit` of so many batches with Keras's layers, or the compiled ones in their place."""
    from stages.core.training.keras import character_lstm, compiled_lstm  # TensorFlow, only in this contender's process
    from stages.core.training.keras.tensorflow import keras

    options: dict[str, Any] = {"return_sequences": True, "stateful": carried}
    first = compiled_lstm.CharacterLSTM if compiled else character_lstm.CharacterLSTM
    other = compiled_lstm.LSTM if compiled else keras.layers.LSTM
    network = keras.Sequential(
        [
            keras.Input((num_steps,), batch_size=num_rows, dtype="int32"),
            first(units, VOCABULARY_SIZE, **options),
            *(other(units, **options) for _ in range(num_layers - 1)),
            keras.layers.Dense(VOCABULARY_SIZE, "softmax"),
        ]
    )
    optimizer = keras.optimizers.RMSprop(0.002)
    network.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False, steps_per_execution=4)

    def work(num_batches: int = num_batches) -> None:
        ids = random_ids(num_batches, num_rows, num_steps)
        network.fit(ids[:, :-1], ids[:, 1:], batch_size=num_rows, shuffle=False, verbose=0)

    work(NUM_WARM_UP_BATCHES)
    return work


def torch_fit(*, units: int, num_layers: int, num_rows: int, num_steps: int, carried: bool, num_batches: int) -> Work:
    """Return the same training with torch.nn.LSTM."""
    torch: Any = importlib.import_module("torch")  # is not everywhere

    torch.set_num_threads(num_cores())
    lstm = torch.nn.LSTM(VOCABULARY_SIZE, units, num_layers, batch_first=True)
    dense = torch.nn.Linear(units, VOCABULARY_SIZE)
    optimizer = torch.optim.RMSprop([*lstm.parameters(), *dense.parameters()], 0.002, alpha=0.9, eps=1e-7)

    def work(num_batches: int = num_batches) -> None:
        state = None
        for some in np.split(random_ids(num_batches, num_rows, num_steps), num_batches):
            ids = torch.from_numpy(some).long()
            one_hot = torch.nn.functional.one_hot(ids[:, :-1], VOCABULARY_SIZE).float()
            outputs, last = lstm(one_hot, state)
            state = tuple(s.detach() for s in last) if carried else None
            loss = torch.nn.functional.cross_entropy(dense(outputs).flatten(0, 1), ids[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    work(NUM_WARM_UP_BATCHES)
    return work


def measure(effort: Effort) -> dict[str, Any]:
    """Return seconds of a batch for each shape and contender, and the ratios."""
    rows, by_round = [], {}
    num_rounds = effort.choose(2, 9)
    for what, shape in SHAPES.items():
        num_batches = effort.choose(4, NUM_BATCHES[what])
        say(f"  {what}, {num_batches} batches")
        settings = {**shape, "num_batches": num_batches}
        who: dict[str, tuple[str, dict[str, Any]]] = {
            "compiled": ("sequences:keras_fit", {"compiled": True, **settings}),
            "Keras": ("sequences:keras_fit", {"compiled": False, **settings}),
        }
        if find_spec("torch"):
            who["PyTorch"] = ("sequences:torch_fit", settings)
        seconds = race(who, num_rounds)
        by_round[what] = seconds
        rows += [
            {
                "network": what,
                "training with": name,
                "ms per batch": spread([1000 * s / num_batches for s in values]),
                "compiled / it": ratios(seconds["compiled"], values),
            }
            for name, values in seconds.items()
        ]
    return {
        "title": "Every position",
        "conditions": (
            "Random ids, the next one at every position as target; "
            + "; ".join(f"{what}: {s['num_rows']} rows of {s['num_steps']} steps" for what, s in SHAPES.items())
            + f". {VOCABULARY_SIZE} distinct tokens, RMSprop, whole `fit` calls after a warm-up."
        ),
        "tables": [rows],
        "seconds_by_round": by_round,
    }
