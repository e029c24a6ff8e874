"""The corpus as ids: tokenizers and windows."""
