"""Markers: hit points and sections, read from editors' files and written for them."""
