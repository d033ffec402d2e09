"""MusicGen with the dynamics extension: backbone, loading, adapter, codec, sampling."""
