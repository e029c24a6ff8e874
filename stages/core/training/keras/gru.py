"""GRU layers of Keras on embedded tokens."""

from stages.core.pipeline.params import TrainParams
from stages.core.training.keras.embedding import TokenEmbedding
from stages.core.training.keras.recurrent import dropping_weights, layer_options
from stages.core.training.keras.tensorflow import keras


def layers(params: TrainParams, vocabulary_size: int, *, compiled: bool) -> list[keras.layers.Layer]:
    """Return the layers between the ids (B, T) and the dense softmax."""
    embedding = TokenEmbedding(vocabulary_size, params.units, name="embedding")
    gru = dropping_weights(keras.layers.GRU, params)
    return [embedding, *(gru(params.units, **options) for options in layer_options(params))]
