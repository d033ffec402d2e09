"""Write a score as a Standard MIDI File: true bars and beats, times exact to the millisecond."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.music.symbols.midi_bends import DATA_COARSE, RPN_COARSE, RPN_FINE
from dyvim_cli.music.symbols.midi_gestures import (
    LEGATO,
    RANGE_SEMITONES,
    legato_spans,
    wheel_points,
    written_ends_s,
)
from dyvim_cli.types import SAMPLE_RATE, STEPS_PER_BAR, STEPS_PER_BEAT, Key, Score, Stem

TICKS_PER_BEAT = 3840  # a quarter of a millisecond at the slowest tempo
TICKS_PER_STEP = TICKS_PER_BEAT // STEPS_PER_BEAT
TOLERANCE_S = 0.0002  # how far a step may stray before the tempo changes
CONDUCTOR = "conductor"  # the track without notes that other programs read the tempo map from
EXPRESSION = 11  # the controller
WHEEL_RANGE = ((RPN_COARSE, 0), (RPN_FINE, 0), (DATA_COARSE, RANGE_SEMITONES))  # registered parameter 0
# seconds before each step at which a swell is written: an accent's is done within 20 ms
SWELL_AT_S = (0.0, 0.01, 0.015, 0.025)
FAR_STEPS = 1000  # steps behind the last one, beyond any ring-out


def write_midi(score: Score, path: Path, course: Callable[[int, int], np.ndarray] | None = None) -> None:
    """Write a score: tempo map, bars and key, sections, cuts and hits as markers, one named track a stem.

    The caller commits the file.

    Args:
        score: the score.
        path: of the .mid file.
        course: of (first frame, n) -> gain [n] at 48 kHz: how the players swell together, which becomes the
            tracks' expression; None = no swells.
    """
    import symusic

    played = score.tempo_map.played
    times_s = score.tempo_map.step_times_s[np.append(played, True)]
    place = np.append(0, np.cumsum(played))  # of each step among those that last
    lead_ticks = TICKS_PER_BEAT if times_s[0] > 0 else 0
    file: Any = symusic.Score(TICKS_PER_BEAT)  # its stub lacks the attributes of the compiled class
    for step, beats in time_signatures(played):
        tick = lead_ticks + int(place[step]) * TICKS_PER_STEP
        file.time_signatures.append(symusic.TimeSignature(tick if step else 0, beats, 4))
    file.key_signatures.append(symusic.KeySignature(0, key_signature(score.key), int(score.key.is_minor)))
    for tick, mspq in tempo_events(times_s, lead_ticks):
        file.tempos.append(symusic.Tempo(tick, mspq=mspq))
    hits = score.tempo_map.hits
    marks = [(lead_ticks + int(place[start]) * TICKS_PER_STEP, role) for start, _, role in score.sections]
    ticks = _ticks([hit.film_time_s for hit in hits], times_s, lead_ticks)
    marks += [(tick, hit.label) for tick, hit in zip(ticks, hits, strict=True)]
    for tick, text in sorted(marks):
        file.markers.append(symusic.TextMeta(tick, text))
    file.tracks.append(symusic.Track(CONDUCTOR))  # tempo, bars, key and markers go into the first track
    swells = [] if course is None else _swells(course, times_s, lead_ticks)
    for stem in score.stems:
        track = _track(stem, times_s, lead_ticks)
        for tick, value in swells:
            track.controls.append(symusic.ControlChange(tick, EXPRESSION, value))
        file.tracks.append(track)
    path.write_bytes(file.dumps_midi())  # symusic itself says nothing of a full disk


def time_signatures(played: np.ndarray) -> list[tuple[int, int]]:
    """Find where the number of beats a bar changes.

    A bar of one beat belongs to the bar before it; what the film's end leaves of the last bar is no change.

    Args:
        played: [S] bool, steps that last.

    Returns:
        (step, beats a bar), ascending.
    """
    bars = np.add.reduceat(played.astype(int), np.arange(0, len(played), STEPS_PER_BAR)) // STEPS_PER_BEAT
    if len(played) % STEPS_PER_BAR:
        bars[-1] = STEPS_PER_BAR // STEPS_PER_BEAT
    found: list[tuple[int, int]] = []
    for i, beats in enumerate(bars):
        after = bars[i + 1] if i + 1 < len(bars) else 0
        if beats == 1:
            continue
        beats = int(beats + (after == 1))
        if not found or found[-1][1] != beats:
            found.append((i * STEPS_PER_BAR, beats))
    return found


def key_signature(key: Key) -> int:
    """Count the sharps of a key: a fifth up is one sharp more.

    Args:
        key: the key.

    Returns:
        Sharps (positive) or flats (negative), from five flats to six sharps.
    """
    major = key.tonic + 3 if key.is_minor else key.tonic
    return (7 * major + 5) % 12 - 5


def tempo_events(step_times_s: np.ndarray, lead_ticks: int = 0) -> list[tuple[int, int]]:
    """Find tempi that put each step at its time; errors do not add up.

    A new tempo is set at a beat, or within it when its steps are uneven.

    Args:
        step_times_s: [S + 1] seconds.
        lead_ticks: ticks before step 0, which fill the time until it sounds.

    Returns:
        (tick, microseconds a quarter), ascending.
    """
    times, events = np.asarray(step_times_s, dtype=float), []
    clock_s, current = float(times[0]), 0
    if lead_ticks:
        current = round(times[0] * 1e6 * TICKS_PER_BEAT / lead_ticks)
        events.append((0, current))
    for step in range(len(times) - 1):
        if abs(clock_s + current * 1e-6 / STEPS_PER_BEAT - times[step + 1]) > TOLERANCE_S:
            ahead = min(STEPS_PER_BEAT - step % STEPS_PER_BEAT, len(times) - 1 - step)
            even = np.ptp(np.diff(times[step : step + ahead + 1])) < TOLERANCE_S / 2
            ahead = ahead if even else 1
            current = round((times[step + ahead] - clock_s) / ahead * STEPS_PER_BEAT * 1e6)
            events.append((lead_ticks + step * TICKS_PER_STEP, current))
        clock_s += current * 1e-6 / STEPS_PER_BEAT
    return events


def _track(stem: Stem, step_times_s: np.ndarray, lead_ticks: int) -> Any:  # symusic's Track
    """One stem as a track."""
    import symusic

    track: Any = symusic.Track(stem.name, stem.program, stem.is_drums)  # its stub lacks `notes`
    starts = _ticks([note.start_s for note in stem.notes], step_times_s, lead_ticks)
    ends = _ticks(written_ends_s(stem.notes), step_times_s, lead_ticks)
    for note, start, end in zip(stem.notes, starts, ends, strict=True):
        track.notes.append(symusic.Note(start, max(1, end - start), note.pitch, note.velocity))
    _write_gestures(track, stem, lambda times_s: _ticks(times_s, step_times_s, lead_ticks))
    return track


def _write_gestures(track: Any, stem: Stem, ticks_of: Callable[[list[float]], list[int]]) -> None:
    """Write the wheel with its range, and the legato pedal."""
    import symusic

    points, spans = wheel_points(stem.notes), legato_spans(stem.notes)
    for number, value in WHEEL_RANGE if points else ():
        track.controls.append(symusic.ControlChange(0, number, value))
    values = [value for _, value in points]
    for tick, value in zip(ticks_of([time_s for time_s, _ in points]), values, strict=True):
        track.pitch_bends.append(symusic.PitchBend(tick, value))
    times_s = [time_s for span in spans for time_s in span]
    for i, tick in enumerate(ticks_of(times_s)):
        track.controls.append(symusic.ControlChange(tick, LEGATO, 0 if i % 2 else 127))


def _swells(course: Callable[..., Any], step_times_s: np.ndarray, lead_ticks: int) -> list[tuple[int, int]]:
    """(tick, 0..127) of a gain over time, at every step and in the moments before it, where accents rise."""
    at_s = np.unique(np.concatenate([step_times_s - before_s for before_s in SWELL_AT_S]))
    at_s = at_s[at_s >= 0]
    gains = [float(course(round(time_s * SAMPLE_RATE), 1)[0]) for time_s in at_s]
    values = np.clip(np.rint(127 * np.sqrt(gains)), 0, 127).astype(int)  # its square is the gain
    return list(zip(_ticks(at_s.tolist(), step_times_s, lead_ticks), values.tolist(), strict=True))


def _ticks(times_s: list[float], step_times_s: np.ndarray, lead_ticks: int) -> list[int]:
    """Ticks of times; before the first step and after the last the nearest tempo is used."""
    steps, last_step_s = np.arange(len(step_times_s)), step_times_s[-1] - step_times_s[-2]
    knots_s = np.append(step_times_s, step_times_s[-1] + FAR_STEPS * last_step_s)
    ticks = lead_ticks + np.append(steps, steps[-1] + FAR_STEPS) * TICKS_PER_STEP
    if lead_ticks:
        knots_s, ticks = np.append(0.0, knots_s), np.append(0, ticks)
    return np.rint(np.interp(times_s, knots_s, ticks)).astype(int).tolist()
