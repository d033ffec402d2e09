"""Style data: palettes, grooves, chord progressions."""
