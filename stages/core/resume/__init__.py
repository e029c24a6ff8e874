"""What lets a stage go on where it ended."""
