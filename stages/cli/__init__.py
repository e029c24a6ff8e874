"""The commands of `zarathustra`."""
