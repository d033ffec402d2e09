"""Tempo maps, bar lines, rubato and beat tracking."""
