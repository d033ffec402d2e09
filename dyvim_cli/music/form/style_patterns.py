"""Write drums, bass and chords from a style's own patterns, for a decoder that did not learn the style.

Such a decoder plays tune and inner voices like the style's nearest one; the groove, which makes the style,
comes from its record. Density follows the motion as in the music that decoders learn from (density_of);
events are accents of the whole band.
"""

from collections.abc import Sequence

import numpy as np

from dyvim_cli.music.form.form import Form
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


def write_patterns(form: Form, style: str, energy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fill drums, bass and pad of a plan's tokens where they are free.

    Args:
        form: of the piece; its decided tokens stay.
        style: one of stylebook.STYLES, with comping.
        energy: [S] 0..1, of the film as far as it has a say.
        rng: draws a pattern of each part for each theme.

    Returns:
        [K, S] tokens; tune, inner voices and loudness stay free.
    """
    record, forced = RECORDS[style], form.forced
    written = np.zeros_like(forced)
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
            strokes = _strokes_at(pattern, section, style, "drums", energy)
            written[DRUMS, span] |= strokes * tokens.drum_token([name])
        figure, need, ring = BASS_IDIOMS[bass]
        starts = _starts(need, section, style, "bass", energy, form)
        letters = _on_bars(list(figure), section)
        letters[form.chords[span] != np.roll(form.chords, 1)[span]] = "R"
        written[BASS, span] = _bass_row(starts, letters, form.chords, section, ring)
        starts = _starts(comping, section, style, "pad", energy, form)
        written[PAD, span] = _pad_row(starts, form.chords, section)
    written[DRUMS, form.under_speech] &= KEPT_DRUMS
    written[DRUMS, form.barred] = 0
    written[DRUMS] |= form.accents.drums
    free = forced == tokens.UNKNOWN
    free[[k for k in range(tokens.K) if k not in (BASS, DRUMS, PAD)]] = False
    return np.where(free, written, forced)


def _on_bars(values: Sequence[object], section: Section) -> np.ndarray:
    """[n] a pattern's values at the section's steps, the pattern beginning on its first bar line."""
    steps = np.arange(section.start, section.end) - section.start // STEPS_PER_BAR * STEPS_PER_BAR
    return np.array(values)[steps % len(values)]


def _strokes_at(pattern: str, section: Section, style: str, part: str, energy: np.ndarray) -> np.ndarray:
    """[n] bool: the section's steps that a pattern plays at the density of the part."""
    own = energy[section.start : section.end]
    density = density_of(style, section.role, part, own, section.start % STEPS_PER_BAR)
    return _on_bars(needs(pattern).tolist(), section) <= density


def _starts(
    pattern: str, section: Section, style: str, part: str, energy: np.ndarray, form: Form
) -> np.ndarray:
    """[n] bool: where notes begin: the pattern, every accent; on no barred step under speech, and a new chord
    is heard at once.
    """
    span, chords = slice(section.start, section.end), form.chords
    steps = np.arange(section.start, section.end)
    new_chord = (chords[span] != np.roll(chords, 1)[span]) & (steps % STEPS_PER_BEAT == 0)
    strokes = _strokes_at(pattern, section, style, part, energy) | (new_chord & (part == "bass"))
    strokes &= ~form.barred[span]
    return strokes | (form.accents.level[span] > 0)


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
