"""Training pieces: records, shards, curves, batches, statistics."""
