"""The training tasks behind the command line: decoder, MusicGen adapter, motion encoder, release."""
