"""Read and write films and sounds: the only package that uses ffmpeg."""
