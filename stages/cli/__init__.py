"""What a person types: the commands of the console script `zarathustra`."""
