"""Quality scores, and the baselines beside them."""
