"""Play SFZ instruments: text files that say which recording sounds for which note, and how."""
