"""Training loops, strategies and learners."""
