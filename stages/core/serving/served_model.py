"""The network as an MLflow model: a table of prompts in, texts out. MLflow runs this file; nothing is unpickled."""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.model import PythonModel

from stages.core.generation.continuation import continue_prompt
from stages.core.generation.prompts import usable_prompt
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.randomness import generator

DEFAULTS: dict[str, Any] = {"prompt": "", "temperature": 0.5, "length": 200, "seed": 0}


class TextGenerator(PythonModel):
    """Continues prompts; the same seed gives the same text, here and with `zarathustra generate`."""

    def load_context(self, context: Any) -> None:
        """Read the folder that was logged: network.json and the weights of one epoch."""
        models = ModelFolder(Path(context.artifacts["models"]))
        self.network = models.network(models.epochs()[-1])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """Return a table with the column `text`, a row for each row of the request.

        Args:
            context: is not used.
            model_input: columns prompt, temperature, length, seed; those left out have the values of DEFAULTS.
            params: is not used.
        """
        rows = model_input.astype(object).to_dict("records")
        try:
            return pd.DataFrame({"text": [self._text(**(DEFAULTS | _given(row))) for row in rows]})
        except UserError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None

    def _text(self, prompt: str, temperature: float, length: int, seed: int) -> str:
        if not (temperature >= 0 and 1 <= length <= 100_000 and seed >= 0):
            raise UserError(
                "temperature and seed must be >= 0, length from 1 to 100000. "
                f"Received: {temperature}, {seed}, {length}. Correct the request."
            )
        usable = usable_prompt(prompt, self.network.tokenizer, self.network.window_length, "prompt").text
        generators = [generator(int(seed), "generate")]
        (made,) = continue_prompt(self.network, usable, [float(temperature)], int(length), generators)
        return made.text


def _given(row: dict[Any, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if not pd.isna(value)}


mlflow.models.set_model(TextGenerator())
