"""Console output, batch progress, licence notes."""
