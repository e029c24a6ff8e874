"""What trains in the benchmarks: `fit` on the project's own path with either kernel, and the same with PyTorch.

Each function returns work that is warmed up: what is compiled is compiled.
"""

import importlib
import time
from typing import Any

from stages.core.network import build_network
from stages.core.quiet_tensorflow import keras
from stages.core.randomness import generator
from stages.core.shuffle import Permutation
from stages.core.trainer import Batches, Watch
from stages.core.windows import WindowData
from tests.benchmarks.data import BATCH_SIZE, train_params, window_data
from tests.benchmarks.measuring import Work, num_cores

NUM_WARM_UP_BATCHES = 3


class SomeBatches(Batches):
    """The first batches of an epoch in its random order."""

    def __init__(self, data: WindowData, num_batches: int) -> None:
        order = Permutation(len(data.training[1]), generator(0, "shuffle", 1))
        super().__init__(data.training, BATCH_SIZE, order)
        self._num_batches = num_batches

    def __len__(self) -> int:
        return min(self._num_batches, super().__len__())


class LastBatch(keras.callbacks.Callback):  # type: ignore[misc]
    """Notes when a batch ended. `fit` may wait for threads of tf.data after the last, up to as long again."""

    ended = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.ended = time.perf_counter()


def fit(kernel: str, units: int, num_batches: int) -> Work:
    """Return a `fit` of so many batches, timed up to the end of the last."""
    data = window_data()
    network = build_network(train_params(units, kernel), len(data.vocabulary), data.plan.window_length)

    def work(num_batches: int = num_batches) -> float:
        watch, last = Watch("", num_batches, BATCH_SIZE), LastBatch()
        started = time.perf_counter()
        network.fit(SomeBatches(data, num_batches), shuffle=False, verbose=0, callbacks=[watch, last])
        return last.ended - started

    work(NUM_WARM_UP_BATCHES)
    return work


def torch_fit(units: int, num_batches: int) -> Work:
    """Return the same training with torch.nn.LSTM."""
    torch: Any = importlib.import_module("torch")  # is not everywhere

    torch.set_num_threads(num_cores())
    data = window_data()
    size = len(data.vocabulary)
    lstm, dense = torch.nn.LSTM(size, units, batch_first=True), torch.nn.Linear(units, size)
    # RMSprop with the constants of Keras
    rate = train_params(units, "keras").learning_rate
    optimizer = torch.optim.RMSprop([*lstm.parameters(), *dense.parameters()], rate, alpha=0.9, eps=1e-7)

    def work(num_batches: int = num_batches) -> None:
        batches = SomeBatches(data, num_batches)
        for i in range(len(batches)):
            ids, targets = (torch.from_numpy(array).long() for array in batches[i])
            one_hot = torch.nn.functional.one_hot(ids, size).float()
            outputs, _ = lstm(one_hot)
            loss = torch.nn.functional.cross_entropy(dense(outputs[:, -1]), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    work(NUM_WARM_UP_BATCHES)
    return work
