"""Declarations, parsing and configuration of command-line options."""
