"""The optimizers by name."""

from stages.core.pipeline.params import TrainParams
from stages.core.training.keras.tensorflow import keras


def make_optimizer(params: TrainParams) -> keras.optimizers.Optimizer:
    """Return the optimizer that the settings name.

    With train.ema_decay it also keeps the exponential moving average of every weight, and `fit` ends by putting the
    averages in place of the weights.
    """
    options = {"global_clipnorm": params.clip_norm}
    if params.ema_decay is not None:
        options |= {"use_ema": True, "ema_momentum": params.ema_decay}
    if params.optimizer == "rmsprop":
        return keras.optimizers.RMSprop(params.learning_rate, **options)
    optimizer = keras.optimizers.AdamW(params.learning_rate, weight_decay=params.weight_decay, **options)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer
