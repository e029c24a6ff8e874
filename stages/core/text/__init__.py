"""The corpus as ids: tokens and windows."""
