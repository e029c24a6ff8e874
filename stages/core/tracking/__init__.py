"""Runs: what MLflow keeps of them, and the state of git."""
