"""Damages films and watches what the command line makes of them."""
