"""The best model in the registry of MLflow, and how it answers."""
