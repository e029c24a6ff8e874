"""The network as an MLflow model: requests in, texts out. MLflow runs this file; nothing is unpickled.

One call makes at most MOST_TOKENS tokens, and ends after MOST_SECONDS: MLflow's server gives each call a thread, which
it cannot stop.
"""

import logging
import time
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from mlflow.pyfunc.model import PythonModel

from stages.core.generation.prompts import usable_prompt
from stages.core.generation.sampling import generate
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import TEMPERATURE
from stages.core.pipeline.randomness import generator
from stages.core.pipeline.rules import SEED, Rule, integer, shown

# in all requests of one call together
MOST_REQUESTS = 1000
MOST_TOKENS = 100_000
MOST_PROMPT_CHARACTERS = 100_000
MOST_SECONDS = 50.0  # MLflow's server answers with status 504 after 60

RULES = {
    "prompt": Rule("text", lambda v: isinstance(v, str)),
    "temperature": TEMPERATURE,
    "length": integer(1, MOST_TOKENS),  # in tokens
    "seed": SEED,
}
# warns, wherever the model is loaded, that it does not check the values of `predict`: RULES do
logging.getLogger("mlflow.types.type_hints").setLevel(logging.ERROR)
DEFAULTS: dict[str, Any] = {"prompt": "", "temperature": 0.5, "length": 200, "seed": 0}


class TextGenerator(PythonModel):
    """Continues prompts; the same seed gives the same text, here and with `zarathustra generate`."""

    def is_stopped(self) -> bool:
        """Tell whether nobody waits for the texts any more; our server sets it."""
        return False

    def load_context(self, context: Any) -> None:
        """Read the folder that was logged: network.json and the weights of one epoch."""
        models = ModelFolder(Path(context.artifacts["models"]))
        self.network = models.network(models.epochs()[-1])
        self.network.stepper(1)(np.zeros(1, np.int64))  # compiles it now, not while the first request waits

    def predict(self, context: Any, model_input: list[dict[str, str | float]], params: Any = None) -> pd.DataFrame:
        """Return a table with the column `text`, a row for each request.

        Args:
            context: is not used.
            model_input: the requests, each with some of the keys of DEFAULTS; from JSON {"inputs": [{…}, …]}.
            params: is not used.

        Raises:
            MlflowException: a request breaks a rule, they are too much, or they take too long.
        """
        try:
            requests = [self._checked(f"inputs[{i}]", request) for i, request in enumerate(model_input)]
            _require_possible(requests)
            ends = time.monotonic() + MOST_SECONDS
            return pd.DataFrame({"text": [self._text(**request, ends=ends) for request in requests]})
        except UserError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None
        except TimeoutError as error:
            raise MlflowException(str(error), TEMPORARILY_UNAVAILABLE) from None

    def _checked(self, place: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return a request with a value for each key, and a prompt that the network can continue.

        Args:
            place: of the request, for messages.
            request: as it came. No value is converted.

        Raises:
            UserError: a key is unknown, or a value breaks its rule.
        """
        for key, value in request.items():
            if key not in RULES:
                raise UserError(f"{place}: {shown(key)} is not a known key. Known: {', '.join(RULES)}. Correct it.")
            if not RULES[key].accepts(value):
                raise UserError(f"{place}.{key} must be {RULES[key].requirement}. Received: {shown(value)}.")
        whole, network = DEFAULTS | request, self.network
        usable = usable_prompt(whole["prompt"], network.tokenizer, network.window_length, f"{place}.prompt")
        return whole | {"prompt": usable.text}

    def _text(self, prompt: str, temperature: float, length: int, seed: int, ends: float) -> str:
        network = self.network
        made = generate(
            network.stepper(1),
            network.tokenizer.encode(prompt)[None, -network.window_length :],
            np.array([temperature], np.float64),
            generator(seed, "generate").random(length)[None],
            on_token=lambda _: time.monotonic() > ends or self.is_stopped(),
        )
        if self.is_stopped():
            raise TimeoutError("The server ends, or the client has gone.")
        if time.monotonic() > ends:
            raise TimeoutError(f"The texts take more than {MOST_SECONDS:.0f} seconds. Ask for fewer or shorter ones.")
        return network.tokenizer.decode(made.ids[0])


def _require_possible(requests: list[dict[str, Any]]) -> None:
    for what, found, most in (
        ("requests", len(requests), MOST_REQUESTS),
        ("tokens", sum(request["length"] for request in requests), MOST_TOKENS),
        ("characters of prompts", sum(len(request["prompt"]) for request in requests), MOST_PROMPT_CHARACTERS),
    ):
        if found > most:
            raise UserError(f"One call takes at most {most} {what}. Received: {found}. Ask for less at a time.")


mlflow.models.set_model(TextGenerator())
