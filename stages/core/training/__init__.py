"""The network in Keras, and its training epoch by epoch."""
