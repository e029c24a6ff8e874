"""The model registry of MLflow, and the served model."""
