"""Compose from film features: a score, or a recording of audio tokens."""
