"""Evaluate how a film and any music laid under it go together."""
