"""Decoders of score tokens and audio tokens, their conditioning, and the composers built on them."""
