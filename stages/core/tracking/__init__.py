"""Runs: what MLflow keeps of them, and the state of git."""

import warnings

# under PYTHONOPTIMIZE=2 MLflow misses docstrings of its own
warnings.filterwarnings("ignore", "Failed to register a dataset source")
