"""What a film's own sound holds: who speaks when, and where there is music. Arrays in, spans out."""
