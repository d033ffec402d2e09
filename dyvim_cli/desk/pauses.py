"""Leave the silences of a plan in a MIDI file that was edited elsewhere."""

from dataclasses import replace

from dyvim_cli.film_plan import Silence
from dyvim_cli.model.compose.obey import outside
from dyvim_cli.music.symbols.midi_in import PlayedMidi


def in_silence(midi: PlayedMidi, silences: tuple[Silence, ...]) -> PlayedMidi:
    """Silence all parts in the silences of a plan.

    Args:
        midi: that was read.
        silences: spans of the film.

    Returns:
        The same music without them.
    """
    for silence in silences:
        parts = [
            replace(part, stem=replace(part.stem, notes=outside(part.stem, silence))) for part in midi.parts
        ]
        midi = replace(midi, parts=tuple(parts))
    return midi
