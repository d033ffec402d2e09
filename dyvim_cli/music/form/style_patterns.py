"""Write drums, bass and chords from a style's own patterns, for a decoder that did not learn the style.

Such a decoder plays tune and inner voices like the style's nearest one; the groove, which makes the style,
comes from its record. Density follows the motion as in the music that decoders learn from (density_of);
events are accents of the whole band.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.form.accents import Accents
from dyvim_cli.music.form.planning import Form
from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.form.under_speech import KEPT_DRUMS
from dyvim_cli.music.idioms.bass_lines import bass_pitches, nearest
from dyvim_cli.music.idioms.grooves import BASS_IDIOMS, density_of, needs
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

BASS, DRUMS, PAD = (tokens.STREAM_INDEX[name] for name in ("bass", "drums", "pad"))
CHORD_STEPS = 5  # longest sustain of a chord before the next
PAD_LOW, PAD_HIGH, PAD_CENTRE = 60, 77, 67  # MIDI pitches of a chord's top note


@dataclass(frozen=True)
class PatternInputs:
    """Inputs of the patterns, [S] each."""

    energy: np.ndarray  # 0..1, of the film as far as it has a say
    accents: Accents
    under_speech: np.ndarray  # bool
    barred: np.ndarray  # bool, steps under speech on which no note may start


def write_patterns(
    forced: np.ndarray, form: Form, style: str, motion: PatternInputs, rng: np.random.Generator
) -> np.ndarray:
    """Fill drums, bass and pad of a plan's tokens where they are free.

    Args:
        forced: [K, S] tokens, UNKNOWN = free.
        form: the plan of the piece.
        style: one of stylebook.STYLES, with comping.
        motion: what the film asks for.
        rng: draws a pattern of each part for each theme.

    Returns:
        [K, S] tokens; tune, inner voices and loudness stay free.
    """
    record, n_steps = RECORDS[style], forced.shape[1]
    written = np.zeros((tokens.K, n_steps), dtype=forced.dtype)
    themes: dict[int, tuple[dict[str, str], str, str]] = {}
    for section in form.sections:
        if section.label not in themes:
            themes[section.label] = (
                record.grooves[rng.integers(len(record.grooves))],
                record.bass[rng.integers(len(record.bass))],
                record.comping[rng.integers(len(record.comping))],
            )
        groove, bass, comping = themes[section.label]
        span = slice(section.start, section.end)
        for name, pattern in groove.items():
            strokes = _strokes_at(pattern, section, style, "drums", motion)
            written[DRUMS, span] |= strokes * tokens.drum_token([name])
        figure, need, ring = BASS_IDIOMS[bass]
        starts = _starts(need, section, style, "bass", motion, form.chords)
        letters = _on_bars(list(figure), section)
        letters[form.chords[span] != np.roll(form.chords, 1)[span]] = "R"
        written[BASS, span] = _bass_row(starts, letters, form.chords, section, ring)
        starts = _starts(comping, section, style, "pad", motion, form.chords)
        written[PAD, span] = _pad_row(starts, form.chords, section)
    written[DRUMS, motion.under_speech] &= KEPT_DRUMS
    written[DRUMS, motion.barred] = 0
    written[DRUMS] |= motion.accents.drums
    free = forced == tokens.UNKNOWN
    free[[k for k in range(tokens.K) if k not in (BASS, DRUMS, PAD)]] = False
    return np.where(free, written, forced)


def _on_bars(values: Sequence[object], section: Section) -> np.ndarray:
    """[n] a pattern's values at the section's steps, the pattern beginning on its first bar line."""
    steps = np.arange(section.start, section.end) - section.start // STEPS_PER_BAR * STEPS_PER_BAR
    return np.array(values)[steps % len(values)]


def _strokes_at(pattern: str, section: Section, style: str, part: str, motion: PatternInputs) -> np.ndarray:
    """[n] bool: the section's steps that a pattern plays at the density of the part."""
    energy = motion.energy[section.start : section.end]
    density = density_of(style, section.role, part, energy, section.start % STEPS_PER_BAR)
    return _on_bars(needs(pattern).tolist(), section) <= density


def _starts(
    pattern: str, section: Section, style: str, part: str, motion: PatternInputs, chords: np.ndarray
) -> np.ndarray:
    """[n] bool: where notes begin: the pattern, every accent; on no barred step under speech, and a new chord
    is heard at once.
    """
    span = slice(section.start, section.end)
    steps = np.arange(section.start, section.end)
    new_chord = (chords[span] != np.roll(chords, 1)[span]) & (steps % STEPS_PER_BEAT == 0)
    strokes = _strokes_at(pattern, section, style, part, motion) | (new_chord & (part == "bass"))
    strokes &= ~motion.barred[span]
    return strokes | (motion.accents.level[span] > 0)


def _bass_row(
    starts: np.ndarray, letters: np.ndarray, chords: np.ndarray, section: Section, ring: int
) -> np.ndarray:
    """[n] tokens of the bass of a section."""
    steps = np.flatnonzero(starts)
    pitches = bass_pitches(steps.tolist(), letters.tolist(), chords[section.start : section.end])
    return _row("bass", steps, pitches, ring, section.end - section.start)


def _pad_row(starts: np.ndarray, chords: np.ndarray, section: Section) -> np.ndarray:
    """[n] tokens of a section's chords: tops move to the nearest tone of the chord, drawn to the centre."""
    steps, tops, previous = np.flatnonzero(starts), [], float(PAD_CENTRE)
    for step in steps:
        classes = tokens.chord_pitch_classes(int(chords[section.start + step]))
        goal = 0.8 * previous + 0.2 * PAD_CENTRE
        choices = [nearest(each, goal, PAD_LOW, PAD_HIGH) for each in classes[1:] or classes]
        previous = min(choices, key=lambda pitch: abs(pitch - goal))
        tops.append(int(previous))
    return _row("pad", steps, tops, CHORD_STEPS, section.end - section.start)


def _row(name: str, steps: np.ndarray, pitches: list[int], ring: int, n_steps: int) -> np.ndarray:
    """[n] tokens of notes that each last `ring` steps, or until the next."""
    stream = tokens.STREAMS[tokens.STREAM_INDEX[name]]
    row = np.full(n_steps, tokens.REST)
    for step, pitch in zip(steps.tolist(), pitches, strict=True):
        row[step : step + ring] = tokens.HOLD
        row[step] = tokens.pitch_token(stream, pitch)
    return row
