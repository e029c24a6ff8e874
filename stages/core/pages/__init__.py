"""Figures, report and explorer."""
