"""Film and music curves as inputs of the decoders."""
