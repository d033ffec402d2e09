"""What styles choose from: drum kits, bass figures, chord symbols."""
