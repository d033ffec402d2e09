"""Score tokens, keys, musical measures and MIDI files."""
