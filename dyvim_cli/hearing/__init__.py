"""Find speech and music in a film's own sound: arrays in, spans out."""
