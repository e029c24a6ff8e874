"""The networks there are: for each kind the modules that train it, run it, and run it in the explorer's page.

To add a kind: one module beside this file, one in training/keras/, one script in report/explorer/, one line here.
"""

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class NetworkKind:
    """Where the code of one kind of network is.

    The modules are named, not imported: TensorFlow is loaded only by what trains, and a change of one kind does not
    make a network of another kind stale.
    """

    stepper: str  # NumPy: `layout` and `stepper`
    builder: str  # Keras: `layers`
    script: str  # JavaScript, in report/explorer/


NETWORKS = {
    "lstm": NetworkKind(
        stepper="stages.core.networks.lstm", builder="stages.core.training.keras.lstm", script="lstm.js"
    ),
}


def stepper_module(kind: str) -> Any:
    """Return the module that runs networks of a kind without TensorFlow."""
    return importlib.import_module(NETWORKS[kind].stepper)


def builder_module(kind: str) -> Any:
    """Return the module that builds networks of a kind in Keras."""
    return importlib.import_module(NETWORKS[kind].builder)


def modules_of(stage: str, kind: str) -> list[str]:
    """Return the modules whose code a stage runs: its own, and those of a kind of network where it needs them."""
    network = NETWORKS[kind]
    of_kind = {"train": [network.builder], "download": [], "lowercase": [], "vectorize": []}
    return [f"stages.{stage}", *of_kind.get(stage, [network.stepper])]
