"""What generated text is worth."""
