"""Download and keep the weights that are too large to ship."""
