"""The LSTM on the CPU, compiled, and seeded random numbers."""
