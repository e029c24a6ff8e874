"""The networks there are: for each kind the modules that train it, run it, and run it in the explorer's page.

To add a kind: one module beside this file, one in training/keras/ and a function in its plain.py, one script in
report/explorer/scripts/networks/, one line here.
"""

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import stages.core.pipeline  # noqa: F401 (from here on Ctrl-C is one message, before NumPy takes its time)
from stages.core.text.table import tokenizer_modules


@dataclass(frozen=True, kw_only=True)
class NetworkKind:
    """Where the code of one kind of network is.

    The modules are named, not imported: TensorFlow is loaded only by what trains, and a change of one kind does not
    make a network of another kind stale.
    """

    stepper: str  # NumPy: `layout` and `stepper`
    builder: str  # Keras: `layers`
    script: str  # JavaScript, in report/explorer/scripts/networks/
    receptive_field: Callable[[int], int] | None = None  # tokens that so many layers see; None: it has a state


def conv_receptive_field(num_layers: int) -> int:
    """Return how many tokens a stack of convolutions sees.

    >>> [conv_receptive_field(n) for n in (1, 2, 3, 4)]
    [3, 7, 15, 31]
    """
    return 1 + 2 * ((1 << num_layers) - 1)


NETWORKS = {
    "lstm": NetworkKind(
        stepper="stages.core.networks.lstm", builder="stages.core.training.keras.lstm", script="lstm.js"
    ),
    "conv": NetworkKind(
        stepper="stages.core.networks.conv",
        builder="stages.core.training.keras.conv",
        script="conv.js",
        receptive_field=conv_receptive_field,
    ),
    "gru": NetworkKind(stepper="stages.core.networks.gru", builder="stages.core.training.keras.gru", script="gru.js"),
}
# settings of train with a module of their own, and the value with which nothing of it runs: its code then counts for
# nothing, as the code of another kind of network does
OPTIONS: dict[str, tuple[float, str]] = {
    "shards": (1, "stages.core.training.sharded_trainer"),
    "weight_dropout": (0.0, "stages.core.training.keras.weight_dropout"),
}


def stepper_module(kind: str) -> Any:
    """Return the module that runs networks of a kind without TensorFlow."""
    return importlib.import_module(NETWORKS[kind].stepper)


def builder_module(kind: str) -> Any:
    """Return the module that builds networks of a kind in Keras."""
    return importlib.import_module(NETWORKS[kind].builder)


def options_of(train: Any) -> list[str]:
    """Return the keys of OPTIONS that a TrainParams makes use of."""
    return [name for name, (without, _) in OPTIONS.items() if getattr(train, name) != without]


def option_module(name: str) -> Any:
    """Return the module of an option."""
    return importlib.import_module(OPTIONS[name][1])


def modules_of(stage: str, network: str, tokens: str, options: Iterable[str] = ()) -> list[str]:
    """Return the modules whose code a stage runs: its own, and those of its network and tokens where it needs them.

    Args:
        stage: its name.
        network: the kind of network.
        tokens: the kind of tokens.
        options: keys of OPTIONS.
    """
    kind = NETWORKS[network]
    of_network = {
        "train": [kind.builder, *(OPTIONS[name][1] for name in options)],
        "download": [],
        "lowercase": [],
        "vectorize": [],
    }
    return [f"stages.{stage}", *of_network.get(stage, [kind.stepper]), *tokenizer_modules(stage, tokens)]
