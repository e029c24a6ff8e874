"""What trains in the benchmarks: `fit` on the project's own path with either kernel, and the same with PyTorch.

Each function returns work that is warmed up: what is compiled is compiled.
"""

import importlib
from typing import Any

from stages.core.pipeline.randomness import generator
from stages.core.text.windows import WindowData
from stages.core.training.keras.build import build_network
from stages.core.training.shuffle import Permutation
from stages.core.training.trainer import Pair, Watch, dataset, gathered
from tests.benchmarks.data import BATCH_SIZE, train_params, window_data
from tests.benchmarks.measuring import Work, num_cores

NUM_WARM_UP_BATCHES = 3


def some_windows(data: WindowData, num_batches: int) -> tuple[Pair, Permutation]:
    """Return the first windows, as many as the batches hold, and a random order of them."""
    windows, targets = data.training
    size = min(num_batches * BATCH_SIZE, len(targets))
    return (windows[:size], targets[:size]), Permutation(size, generator(0, "shuffle", 1))


def fit(backend: str, units: int, num_batches: int) -> Work:
    """Return a `fit` of so many batches."""
    data = window_data()
    network = build_network(train_params(units, backend), data.tokenizer.size, data.plan.window_length)

    def work(num_batches: int = num_batches) -> None:
        windows, order = some_windows(data, num_batches)
        watch = Watch("", num_batches, BATCH_SIZE)
        network.fit(dataset(windows, BATCH_SIZE, order), shuffle=False, verbose=0, callbacks=[watch])

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
        windows, order = some_windows(data, num_batches)
        for batch in gathered(windows, BATCH_SIZE, order):
            ids, targets = (torch.from_numpy(array).long() for array in batch)
            one_hot = torch.nn.functional.one_hot(ids, size).float()
            outputs, _ = lstm(one_hot)
            loss = torch.nn.functional.cross_entropy(dense(outputs[:, -1]), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    work(NUM_WARM_UP_BATCHES)
    return work
