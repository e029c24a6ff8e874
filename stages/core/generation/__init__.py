"""From weights to text, and what of it was made before."""
