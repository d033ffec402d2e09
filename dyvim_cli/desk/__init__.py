"""Edit a piece before it is composed: plan files, and orders given as markers."""
