"""Evaluate how well a film and its music match."""
