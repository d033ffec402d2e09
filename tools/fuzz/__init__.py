"""Fuzz the command line with damaged films."""
