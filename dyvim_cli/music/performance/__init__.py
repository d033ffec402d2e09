"""Score tokens to notes as players would play them: ranges, drums, timing, dynamics."""
