"""Comparisons, held-out tables and figures of what was trained."""
