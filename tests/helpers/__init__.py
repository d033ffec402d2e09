"""Films, models and servers that several test modules share."""
