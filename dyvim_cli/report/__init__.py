"""Pages that need nothing beside them: what came out, a film a card."""
