"""Musical vocabulary of the styles: drum kits, bass figures, chord symbols."""
