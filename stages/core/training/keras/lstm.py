"""LSTM layers over token ids: Keras's own, or the compiled ones."""

from stages.core.pipeline.params import TrainParams
from stages.core.training.keras import character_lstm, compiled_lstm
from stages.core.training.keras.recurrent import dropping_weights, layer_options
from stages.core.training.keras.tensorflow import keras


def layers(params: TrainParams, vocabulary_size: int, *, compiled: bool) -> list[keras.layers.Layer]:
    """Return the layers between the ids (B, T) and the dense softmax."""
    first = dropping_weights(compiled_lstm.CharacterLSTM if compiled else character_lstm.CharacterLSTM, params)
    other = dropping_weights(compiled_lstm.LSTM if compiled else keras.layers.LSTM, params)
    options, *others = layer_options(params)
    return [
        first(params.units, vocabulary_size, name="lstm", **options),
        *(other(params.units, name=f"lstm_{i}", **options) for i, options in enumerate(others, 2)),
    ]
