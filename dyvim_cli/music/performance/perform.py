"""Perform score tokens: assign players, velocities and exact times."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from dyvim_cli.music.performance.drumming import play_drums
from dyvim_cli.music.performance.humanize import Feel, Habits
from dyvim_cli.music.performance.impacts import plan_impacts
from dyvim_cli.music.performance.instrument_ranges import KEYBOARD, below, folded, in_compass
from dyvim_cli.music.symbols.keys import SCALES
from dyvim_cli.music.symbols.tokens import (
    FIRST_PITCH,
    HOLD,
    STREAM_INDEX,
    STREAMS,
    chord_of,
    chord_pitch_classes,
    pad_voicing,
    token_pitch,
)
from dyvim_cli.seeds import generator_of, seed_of
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.stylebook.record import Palette, Part
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, Key, Note, Score, Stem, TempoMap

TOGETHER_S = 0.03  # notes that start so near an accent belong to it


def perform(
    tokens: np.ndarray,
    tempo_map: TempoMap,
    key: Key,
    style: str,
    duration_s: float,
    seed: int,
    sections: tuple[tuple[int, int, str], ...] = (),
    programs: Mapping[str, int] = MappingProxyType({}),
    loops: bool = False,
    habits: Habits | None = None,
) -> Score:
    """Play score tokens in a style; the same seed gives the same notes.

    Args:
        tokens: [K, S].
        tempo_map: when each step sounds.
        key: puts the tonic in its place.
        style: name of a style.
        duration_s: of the film; all notes are within it.
        seed: draws the instruments among the palette's choices and the small human deviations.
        sections: (first step, step after, role), kept in the score.
        programs: General MIDI programs by part, which are not drawn.
        loops: the beginning follows the end, and the last notes ring on into it.
        habits: deviations of an earlier cut's steps; None = each step has its own.

    Returns:
        The score; stems without notes are left out.
    """
    players = generator_of(seed, "players")
    palette = RECORDS[style].palette
    feel = Feel(tokens, tempo_map, palette, style, duration_s, seed_of(seed, "deviations"), loops, habits)
    stems, tune_down = [], 0
    for name, part in palette.parts.items():
        drawn = int(players.choice(part.programs))
        program = programs.get(name, drawn)
        if name == "drums":
            notes = play_drums(tokens[STREAM_INDEX[name]], palette, part, feel)
        else:
            written = _play_pitched(name, tokens[:, : feel.n_steps], key, palette, part, feel)
            moved = in_compass(name, program, written)
            if name == "melody" and moved:
                tune_down = max(0, written[0].pitch - moved[0].pitch) // 12
            notes = _without_overlap(below(moved, tune_down) if name == "pad" else moved)
        stems.append(Stem(name, program, name == "drums", notes))
    drawn = int(players.choice(palette.accent.programs))
    program = programs.get("accent", drawn)
    accents = in_compass("accent", program, _accents(stems, palette, feel))
    stems.append(Stem("accent", program, False, _without_overlap(accents)))
    if palette.impacts:
        stems += plan_impacts(feel, stems, tempo_map.hits)
    return Score(tuple(stem for stem in stems if stem.notes), tempo_map, key, style, tokens, tuple(sections))


def key_shift(key: Key) -> int:
    """Find the way from tonic-relative pitches to the key, the shorter way round.

    Args:
        key: of the piece.

    Returns:
        Semitones, -6..5.
    """
    return (key.tonic + 6) % 12 - 6


def note_spans(row: np.ndarray) -> list[tuple[int, int, int]]:
    """List the notes of a pitched stream.

    Args:
        row: [S] tokens.

    Returns:
        (start step, step after, token) in order.
    """
    found: list[list[int]] = []
    for step, token in enumerate(row.tolist()):
        if token >= FIRST_PITCH:
            found.append([step, step + 1, token])
        elif token == HOLD and found and found[-1][1] == step:
            found[-1][1] = step + 1
    return [(start, end, token) for start, end, token in found]


def _play_pitched(
    name: str, tokens: np.ndarray, key: Key, palette: Palette, part: Part, feel: Feel
) -> list[Note]:
    """Notes of a pitched stream; the pad's top note becomes a chord."""
    chords, row = tokens[STREAM_INDEX["chord"]], tokens[STREAM_INDEX[name]]
    stream, shift = STREAMS[STREAM_INDEX[name]], key_shift(key) + 12 * part.octave
    notes: list[Note] = []
    previous: tuple[int, ...] = ()
    for start, end, token in note_spans(row):
        top = token_pitch(stream, token)
        voices: tuple[int, ...] = (top,)
        if name == "pad":
            voices = _chord(int(chords[start]), top, previous, palette, part, key.is_minor)
            previous = voices
        if part.pedal:
            end = max(end, _pedal_end(chords, start))
        for place, pitch in enumerate(voices):
            start_s, end_s = feel.span(start, end, part, name, place)
            velocity = feel.velocity(start, part, f"{name} {place}", inner=place < len(voices) - 1)
            notes.append(Note(start_s, end_s, folded(pitch + shift, *KEYBOARD), velocity))
    return notes


def _chord(
    chord: int, top: int, previous: tuple[int, ...], palette: Palette, part: Part, is_minor: bool
) -> tuple[int, ...]:
    """The voices of a pad's chord, ascending."""
    if part.power:
        return power_chord(chord, top)
    if part.ninths:
        return ninth_voicing(chord, top, is_minor)
    return smooth_voicing(chord, top, previous) if palette.open_voicing else pad_voicing(chord, top)


def smooth_voicing(chord: int, top: int, previous: tuple[int, ...]) -> tuple[int, ...]:
    """Spread a chord wider than a hand.

    The second or third below the top drops an octave, whichever moves least from the voices before.

    Args:
        chord: chord token.
        top: MIDI number of the top note.
        previous: voices of the chord before; empty at the beginning.

    Returns:
        MIDI numbers, ascending.
    """
    close = pad_voicing(chord, top)
    dropped = [
        tuple(sorted((*close[:i], close[i] - 12, *close[i + 1 :])))
        for i in range(max(0, len(close) - 3), len(close) - 1)
    ]
    if not dropped:
        return close
    if not previous:
        return dropped[-1]
    return min(dropped, key=lambda voices: sum(min(abs(v - p) for p in previous) for v in voices[:-1]))


def ninth_voicing(chord: int, top: int, is_minor: bool) -> tuple[int, ...]:
    """Voice a chord closely, its root raised to the ninth that the key has.

    A minor ninth is for dominants alone; chords of three notes and half-diminished ones stay unchanged.

    Args:
        chord: chord token.
        top: MIDI number of the top note.
        is_minor: mode of the key.

    Returns:
        MIDI numbers, ascending.
    """
    voices, found = pad_voicing(chord, top), chord_of(chord)
    if found is None or found[1] not in ("7", "maj7", "min7"):
        return voices
    root, quality = found
    scale = SCALES[is_minor]
    ninth = next((step for step in (2, 1) if (root + step) % 12 in scale), None)
    if ninth is None or (ninth == 1 and (quality != "7" or root not in scale)):
        return voices
    raised = {pitch + ninth if pitch % 12 == root and pitch != top else pitch for pitch in voices}
    return tuple(sorted(raised))


def power_chord(chord: int, top: int) -> tuple[int, ...]:
    """Voice root, fifth and octave, low enough to end near the top note: clear through distortion.

    Args:
        chord: chord token.
        top: MIDI number of the top note.

    Returns:
        MIDI numbers, ascending; the top alone for no chord.
    """
    classes = chord_pitch_classes(chord)
    if not classes:
        return (top,)
    root = top - 7 - (top - 7 - classes[0]) % 12
    return (root, root + 7, root + 12)


def _pedal_end(chords: np.ndarray, start: int) -> int:
    """Step where the chord changes, at most a bar on."""
    changed = np.flatnonzero(chords[start : start + STEPS_PER_BAR] != chords[start])
    return start + int(changed[0]) if len(changed) else min(len(chords), start + STEPS_PER_BAR)


def _without_overlap(notes: list[Note]) -> tuple[Note, ...]:
    """The notes in order, each ended before its key is played again."""
    following: dict[int, float] = {}
    result = []
    for note in sorted(notes, key=lambda note: (note.start_s, note.pitch), reverse=True):
        end_s = max(min(note.end_s, following.get(note.pitch, np.inf)), note.start_s + 0.005)
        result.append(Note(note.start_s, end_s, note.pitch, note.velocity))
        following[note.pitch] = note.start_s
    return tuple(reversed(result))


def _accents(stems: list[Stem], palette: Palette, feel: Feel) -> list[Note]:
    """Double the lowest note that starts on each accented step, on an instrument with a fast attack."""
    part, notes = palette.accent, []
    pitched = sorted((note.start_s, note.pitch) for stem in stems if not stem.is_drums for note in stem.notes)
    starts_s = [start_s for start_s, _ in pitched]
    times_s = np.maximum(feel.times_s[: feel.n_steps], feel.first_s)
    first = np.searchsorted(starts_s, times_s - TOGETHER_S, side="right")
    end = np.searchsorted(starts_s, times_s + TOGETHER_S)
    for step in np.flatnonzero(first < end).tolist():
        if feel.is_accented(step):
            lowest = min(pitch for _, pitch in pitched[first[step] : end[step]])
            start_s, end_s = feel.span(step, min(step + STEPS_PER_BEAT, feel.n_steps), part, "accent")
            velocity = feel.velocity(step, part, "accent")
            notes.append(Note(start_s, end_s, folded(lowest + 12 * part.octave, *KEYBOARD), velocity))
    return notes
