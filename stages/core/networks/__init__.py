"""Networks without TensorFlow: description, weights, and one NumPy stepper for each kind."""
