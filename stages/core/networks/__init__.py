"""The folder models/: what it holds and how it is read."""
