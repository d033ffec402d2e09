"""Extract dynamics, events and semantics from frames."""
