"""Sweeps of alpha: pieces generated and judged."""
