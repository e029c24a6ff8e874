"""What trains in the benchmarks: `fit` on the project's own path with either kernel, and the same with PyTorch.

Each function returns work that is warmed up: what is compiled is compiled.
"""

import importlib
from dataclasses import replace
from typing import Any

from stages.core.pipeline.randomness import generator
from stages.core.text.windows import WindowData
from stages.core.training.batches import Examples, examples
from stages.core.training.keras.build import build_network
from stages.core.training.shuffle import Permutation
from tests.benchmarks.data import BATCH_SIZE, train_params, window_data
from tests.benchmarks.measuring import Work, num_cores

NUM_WARM_UP_BATCHES = 3


def some_examples(data: WindowData, num_batches: int) -> Examples:
    """Return the first windows, as many as the batches hold, in a random order."""
    made = examples(data, data.training_ids, every=False, batch_size=BATCH_SIZE)
    size = min(num_batches * BATCH_SIZE, made.num_used)
    return replace(made, num_used=size, order=Permutation(size, generator(0, "shuffle", 1)))


def fit(backend: str, units: int, num_batches: int) -> Work:
    """Return a `fit` of so many batches."""
    data = window_data()
    network = build_network(train_params(units, backend), data.tokenizer.size, data.plan.window_length)

    def work(num_batches: int = num_batches) -> None:
        network.fit(some_examples(data, num_batches).dataset(), shuffle=False, verbose=0)

    work(NUM_WARM_UP_BATCHES)
    return work


def torch_fit(units: int, num_batches: int) -> Work:
    """Return the same training with torch.nn.LSTM."""
    torch: Any = importlib.import_module("torch")  # is not everywhere

    torch.set_num_threads(num_cores())
    data = window_data()
    size = data.tokenizer.size
    lstm, dense = torch.nn.LSTM(size, units, batch_first=True), torch.nn.Linear(units, size)
    # RMSprop with the constants of Keras
    rate = train_params(units, "keras").learning_rate
    optimizer = torch.optim.RMSprop([*lstm.parameters(), *dense.parameters()], rate, alpha=0.9, eps=1e-7)

    def work(num_batches: int = num_batches) -> None:
        for batch in some_examples(data, num_batches).chunks(BATCH_SIZE):
            ids, targets = (torch.from_numpy(array).long() for array in batch)
            one_hot = torch.nn.functional.one_hot(ids, size).float()
            outputs, _ = lstm(one_hot)
            loss = torch.nn.functional.cross_entropy(dense(outputs[:, -1]), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    work(NUM_WARM_UP_BATCHES)
    return work
