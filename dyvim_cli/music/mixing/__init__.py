"""Effects, mixing, loudness and mastering."""
