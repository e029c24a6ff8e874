"""One training by several processes: a step with shards, alone and with two workers, beside one without.

Each time is that of new processes, since workers that are stopped between turns would be taken for lost.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from stages.core.kernels.processors import NUM_THREADS_VARIABLE
from stages.core.training.keras.build import build_network
from stages.core.training.launch import free_addresses, tf_config
from tests.benchmarks.data import BATCH_SIZE, train_params, window_data
from tests.benchmarks.measuring import Effort, in_turns, num_cores, ratios, say, spread
from tests.benchmarks.networks import NUM_WARM_UP_BATCHES, some_examples
from tests.support.project import ROOT, environment

NETWORKS = {"LSTM-128, 103 k weights": (1, 128, 60), "2 × LSTM-512, 3.3 M": (2, 512, 3)}  # layers, units, batches
WAYS = {  # shards, workers
    "one process, no shards": (1, 1),
    "one process, 4 shards": (4, 1),
    "two workers, 4 shards": (4, 2),
}


def main(num_layers: int, units: int, shards: int, num_batches: int) -> None:
    """Train as one of the workers that TF_CONFIG names, or alone; print the seconds."""
    from stages.core.training.keras.tensorflow import keras  # takes seconds to import
    from stages.core.training.shards import ShardedNetwork
    from stages.core.training.workers import ConnectedWorkers, Workers

    data = window_data()
    params = replace(train_params(units, "compiled"), num_layers=num_layers, shards=shards)
    workers = ConnectedWorkers() if "TF_CONFIG" in os.environ else Workers()
    model = keras.Sequential if shards == 1 else partial(ShardedNetwork, num_shards=shards, workers=workers)
    network = build_network(params, data.tokenizer.size, data.plan.window_length, None, model)
    network.fit(some_examples(data, NUM_WARM_UP_BATCHES).dataset(), shuffle=False, verbose=0)
    started = time.perf_counter()
    network.fit(some_examples(data, num_batches).dataset(), shuffle=False, verbose=0)
    print(time.perf_counter() - started)


def run(shards: int, num_workers: int, settings: Mapping[str, int]) -> float:
    """Return the seconds that the first of some workers took."""
    addresses = free_addresses(num_workers)
    processes = []
    for index in range(num_workers):
        variables = environment() | {NUM_THREADS_VARIABLE: str(max(1, num_cores() // num_workers))}
        if num_workers > 1:
            variables["TF_CONFIG"] = tf_config(addresses, index)
        command = [sys.executable, "-m", "tests.benchmarks.workers", json.dumps({"shards": shards, **settings})]
        processes.append(subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True))
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError(f"a worker ended with an error: {settings}")
    return float(outputs[0].split()[-1])


def measure(effort: Effort) -> dict[str, Any]:
    """Return milliseconds of a step for each network and way, and the ratios."""
    rows, by_round = [], {}
    for name, (num_layers, units, most) in NETWORKS.items():
        num_batches = effort.choose(2, most)
        say(f"  {name}, {num_batches} batches")
        settings = {"num_layers": num_layers, "units": units, "num_batches": num_batches}
        works = {way: partial(run, *numbers, settings) for way, numbers in WAYS.items()}
        seconds = by_round[name] = in_turns(works, effort.choose(1, 3))
        rows += [
            {
                "network": name,
                "trained by": way,
                "ms per step": spread([1000 * s / num_batches for s in values]),
                "time / time of one process": ratios(values, next(iter(seconds.values()))),
            }
            for way, values in seconds.items()
        ]
    return {
        "title": "Several workers",
        "conditions": (
            f"Batches of {BATCH_SIZE} windows of 60 characters, the compiled kernel, workers on this machine, whose "
            "processors they share. A `fit` call of new processes each time, after a warm-up."
        ),
        "tables": [rows],
        "seconds_by_round": by_round,
    }


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
