"""Text generation: sampling, prompts, continuations."""
