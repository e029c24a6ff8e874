"""What MLflow keeps of a run, and where it comes from."""
