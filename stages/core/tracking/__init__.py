"""What is kept of a run: in MLflow, and in the table of losses."""
