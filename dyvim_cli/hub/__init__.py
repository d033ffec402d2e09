"""Weights that are too large to ship: what there is, where it lies, how it gets here."""
