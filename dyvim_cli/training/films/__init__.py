"""Training films: rendered scenes, footage, pairs of film and music."""
