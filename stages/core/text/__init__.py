"""The corpus as ids: vocabulary and windows."""
