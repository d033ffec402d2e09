"""Measures of how a film and a piece of music go together, and of the music alone."""
