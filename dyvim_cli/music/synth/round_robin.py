"""Vary repeated notes: two strokes of one key or drum are never identical.

A neighbouring key's recording is another take of the same instrument, played by the same hand
(an old way to make round robins of fonts that have none): it is brought to the key's pitch. Takes of drums
are recordings of their own where the font has them: in kits of the same name and program, in the banks after
the drums'. Else a take is pitched a little higher or lower, and softer, as sticks vary; so is a key without
near recordings, by far less.
"""

from collections.abc import Sequence
from dataclasses import replace

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import sampler
from dyvim_cli.music.synth.sampler import Voice
from dyvim_cli.music.synth.soundfont import Patch, SoundFont
from dyvim_cli.types import Note

N_TAKES = 1 + sampler.FURTHER_TAKES
REPEATED_S = 1.0  # a key that is played again within this time takes the next take
DRUM_CENTS, DRUM_CB = (0, -12, 9), (0, 6, 3)  # pitch and attenuation of each take of a drum
KEY_CENTS = (0, -2, 2)  # the same of a key without near recordings, which must stay in tune
FARTHEST_KEYS = 3  # a recording is moved by so many semitones at most


def voices(
    font: SoundFont, preset: Patch, key: int, velocity: int, take: int, is_drums: bool
) -> tuple[Voice, ...]:
    """Select the samples of a note, another take of it each time.

    Args:
        font: of the preset.
        preset: that plays.
        key: MIDI number.
        velocity: MIDI velocity.
        take: 0 = the font's own.
        is_drums: whether the preset is a kit.

    Returns:
        The voices; none where the key makes no sound.
    """
    own = sampler.voices(font, preset, key, velocity)
    if preset.takes:
        dealt = [sampler.voices(font, one, key, velocity) for one in preset.takes]
        if any(_samples(one) != _samples(own) for one in dealt):
            return dealt[take % len(dealt)]
        take %= N_TAKES
    if take == 0 or not own:
        return own
    if is_drums:
        kit = sampler.find_take(font, preset, take)
        other = () if kit is None else sampler.voices(font, kit, key, velocity)
        return other if len(other) == len(own) else _struck_anew(own, DRUM_CENTS[take], DRUM_CB[take])
    return _borrowed(font, preset, own, key, velocity, take)


def _struck_anew(own: tuple[Voice, ...], cents: float, softer_cb: float) -> tuple[Voice, ...]:
    """Vary the pitch and the level of a recording, as if the drum or string were hit in another place."""

    def anew(voice: Voice) -> Voice:
        changed = {
            gen.FINE_TUNE: voice.get(gen.FINE_TUNE) + cents,
            gen.ATTENUATION: voice.get(gen.ATTENUATION) + softer_cb,
        }
        return replace(voice, amounts=voice.amounts | changed)

    return tuple(map(anew, own))


def _borrowed(
    font: SoundFont, preset: Patch, own: tuple[Voice, ...], key: int, velocity: int, take: int
) -> tuple[Voice, ...]:
    """The next recording below (first) or above, at this key's pitch; where none is near, its own, varied."""
    down = -1 if take == 1 else 1
    for distance in range(1, FARTHEST_KEYS + 1):
        near = sampler.voices(font, preset, key + down * distance, velocity)
        if _samples(near) != _samples(own) and _fits(font, near, len(own), key):
            return tuple(replace(voice, key=key) for voice in near)
    return _struck_anew(own, KEY_CENTS[take], DRUM_CB[take])


def _samples(voices: tuple[Voice, ...]) -> list[int]:
    return [voice.sample for voice in voices]


def _fits(font: SoundFont, near: tuple[Voice, ...], n_own: int, key: int) -> bool:
    """Check whether a zone has as many voices, each recorded near enough and pitched by key."""

    def is_near(voice: Voice) -> bool:
        root = voice.get(gen.ROOT_KEY)
        root = font.samples[voice.sample].pitch if root < 0 else root
        root -= voice.get(gen.COARSE_TUNE)
        return abs(key - root) <= FARTHEST_KEYS and voice.get(gen.SCALE_TUNING) == 100

    return len(near) == n_own and all(map(is_near, near))


def turns(notes: Sequence[Note], n_recorded: int = 0) -> list[int]:
    """Number the takes of repeated notes.

    Args:
        notes: in the order of their starts.
        n_recorded: takes that the instrument brings along; 0 = none.

    Returns:
        A take for each; 0 again after REPEATED_S, but recorded ones go on by turns.
    """
    latest: dict[int, tuple[float, int]] = {}
    found = []
    for note in notes:
        start_s, take = latest.get(note.pitch, (-REPEATED_S, -1))
        goes_on = n_recorded or note.start_s - start_s < REPEATED_S
        take = (take + 1) % (n_recorded or N_TAKES) if goes_on else 0
        latest[note.pitch] = note.start_s, take
        found.append(take)
    return found
