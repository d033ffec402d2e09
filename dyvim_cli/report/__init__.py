"""Self-contained HTML pages of scored films, one card per film."""
