"""Music without film: tokens, tempo map, form, performance, synthesis, mixing."""
