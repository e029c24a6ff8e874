"""Training in Keras, epoch by epoch, with resuming and rollback."""
