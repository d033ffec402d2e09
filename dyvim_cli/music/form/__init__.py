"""Form of a piece: film curves on the grid become sections, harmony, patterns and the ending."""
