"""The command line; Typer and Rich are used here only."""
