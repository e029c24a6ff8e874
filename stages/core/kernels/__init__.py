"""The LSTM on the CPU, compiled."""
