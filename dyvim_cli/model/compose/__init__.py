"""Film features to a finished piece: a score, or a recording of audio tokens."""
