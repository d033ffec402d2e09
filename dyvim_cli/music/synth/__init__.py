"""SoundFont reader and sample-based synthesizer."""
