"""From film curves on the grid to sections, harmony, patterns and the ending."""
