"""Find speech and music in a sound, and measure how loud it is: arrays in, spans and levels out."""
