"""The network in Keras, its training epoch by epoch, and the run of that in MLflow."""
