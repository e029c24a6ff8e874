"""The network in Keras, for training. Only this package imports TensorFlow."""
