"""What was sampled: the table, and its run in MLflow."""
