"""Read a MIDI file as playable parts: ours by track names, any other by General MIDI programs."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.music.performance.band_names import part_of
from dyvim_cli.music.symbols.midi_bends import Bends, bends_of
from dyvim_cli.music.symbols.midi_events import MidiFault, read_events
from dyvim_cli.music.symbols.midi_gestures import slurred
from dyvim_cli.music.symbols.midi_tracks import Clock, Track, tracks_of
from dyvim_cli.regular_files import read_regular
from dyvim_cli.types import Stem

# parts that have a strip in a style's mix
ROLES = ("melody", "bass", "drums", "pad", "arp", "accent", "impact", "riser")
BASSES = {*range(32, 40), 43, 58}  # General MIDI: basses, contrabass, tuba
PADS = {*range(16, 24), *range(48, 56), *range(88, 96)}  # organs, ensembles and voices, synthesizer pads
CHORDS_FROM = 2.2  # mean number of notes that begin together; from here on a part plays chords
TOGETHER_S = 0.03
VOLUME, EXPRESSION = 7, 11  # controllers
USUAL_VOLUME, FULL = 100, 127
NEAR_S = 0.25  # expression that is set this often is a curve; what is set more rarely stays until then


@dataclass(frozen=True)
class PlayedPart:
    """A track: its role in the mix, its notes, and how loud it is over time."""

    role: str
    stem: Stem
    gain_times_s: np.ndarray  # [G] ascending
    gains_db: np.ndarray  # [G]
    bend: Bends | None = None  # pitch bends over time

    def gain(self, times_s: np.ndarray) -> np.ndarray:
        """Interpolate the track's loudness over time.

        Args:
            times_s: [n] seconds.

        Returns:
            [n] linear factors.
        """
        return 10 ** (np.interp(times_s, self.gain_times_s, self.gains_db) / 20)


@dataclass(frozen=True)
class PlayedMidi:
    """A MIDI file that was read."""

    parts: tuple[PlayedPart, ...]
    bpm: float  # its first tempo
    end_s: float  # end of the last note


def read_midi(path: Path) -> PlayedMidi:
    """Read a Standard MIDI File.

    Args:
        path: of the file.

    Returns:
        Its tracks with notes, tempo and end.

    Raises:
        InputError: there is no such file, it is no MIDI, or nothing in it plays.
    """
    try:
        file = read_events(read_regular(path, "MIDI file"))
    except MidiFault as error:
        reason = f"{path} is no MIDI file that can be read: {error}"
        raise InputError(reason, "export it again, as a Standard MIDI File of format 0 or 1") from error
    clock = Clock(file)
    tracks = tracks_of(file, clock)
    if not tracks:
        raise InputError(f"{path} holds no notes", "export the tracks with their notes")
    stems = [_stem(track) for track in tracks]
    roles = roles_of(stems, [track.line for track in tracks])
    parts = tuple(
        PlayedPart(role, stem, *_gains(track), None if stem.is_drums else bends_of(track))
        for role, stem, track in zip(roles, stems, tracks, strict=True)
    )
    return PlayedMidi(parts, clock.first_bpm, max(note.end_s for stem in stems for note in stem.notes))


def _stem(track: Track) -> Stem:
    """A track's notes, held as long as the sustain pedal holds them."""
    held = [
        note if track.is_drum else replace(note, end_s=_let_go(note.end_s, track.pedals))
        for note in track.notes
    ]
    held.sort(key=lambda note: (note.start_s, note.pitch))
    last_s = max(note.end_s for note in held)
    return Stem(track.name, track.program, track.is_drum, tuple(slurred(held, track.controls, last_s)))


def _let_go(end_s: float, pedals: tuple[tuple[float, float], ...]) -> float:
    """End of a note's sound after its release at end_s."""
    return next((up for down, up in pedals if down <= end_s < up), end_s)


def roles_of(stems: list[Stem], lines: list[tuple[int, int]]) -> list[str]:
    """Find what each stem is in the mix: by its name where that is a role, else by instrument and manner.

    Args:
        stems: of one piece.
        lines: what each belongs to; the stems of one line lead together.

    Returns:
        A role for each: melody, bass, pad, arp or drums.
    """
    roles = [_known_role(stem) for stem in stems]
    others = [i for i, role in enumerate(roles) if role == "arp" and stems[i].name.lower() not in ROLES]
    if others and "melody" not in roles:  # the highest line leads
        highest = max(others, key=lambda i: np.mean([note.pitch for note in stems[i].notes]))
        for i in others:
            roles[i] = "melody" if lines[i] == lines[highest] else roles[i]
    return roles


def _known_role(stem: Stem) -> str:
    """A role for all but the melody, which is known by its name alone."""
    if stem.is_drums:
        return "drums"
    if (part := part_of(stem.name.lower())) in ROLES:
        return part
    if stem.program in BASSES:
        return "bass"
    return "pad" if stem.program in PADS or _chord_size(stem) >= CHORDS_FROM else "arp"


def _chord_size(stem: Stem) -> float:
    """Mean number of notes that begin together."""
    starts = np.array([note.start_s for note in stem.notes])
    return len(starts) / (1 + np.count_nonzero(np.diff(np.sort(starts)) > TOGETHER_S))


def _gains(track: Track) -> tuple[np.ndarray, np.ndarray]:
    """(times, gains in dB) of volume and expression together, as General MIDI level 2 hears them."""
    curves = [_curve_db(track, VOLUME, USUAL_VOLUME), _curve_db(track, EXPRESSION, FULL)]
    times_s = np.unique(np.concatenate([times for times, _ in curves]))
    return times_s, np.sum([np.interp(times_s, times, db) for times, db in curves], axis=0)


def _curve_db(track: Track, number: int, unity: int) -> tuple[np.ndarray, np.ndarray]:
    """A controller as points of a line in dB, 0 dB at `unity`; rare changes are steps."""
    events = [(control.time, control.value) for control in track.controls if control.number == number]
    first = [value for time_s, value in events if time_s <= TOGETHER_S]
    times, values = [0.0], [first[-1] if first else unity]
    for time_s, value in events:
        if time_s - times[-1] > NEAR_S:
            times.append(time_s - TOGETHER_S)
            values.append(values[-1])
        times.append(time_s)
        values.append(value)
    return np.array(times), 40 * np.log10(np.maximum(values, 0.5) / unity)
