"""Reduce a scored film's time line to few enough numbers to be kept with its description."""

from typing import TYPE_CHECKING, Any

import numpy as np

from dyvim_cli.hearing.metering import GATE_LUFS, integrated_lufs, momentary_lufs
from dyvim_cli.music.mixing.loudness import Meter
from dyvim_cli.types import STEPS_PER_BAR, FilmFeatures, Score

if TYPE_CHECKING:
    from dyvim_cli.media.mux import MuxResult
    from dyvim_cli.model.compose.recording import Recording

SWELLS = "riser"  # the stem without onsets
POINTS = 200  # most values of a curve


def timeline(piece: "Score | Recording", features: FilmFeatures, meter: Meter) -> dict[str, Any]:
    """Draw curves and loudness of a finished piece; None is silence.

    Args:
        piece: the music.
        features: motion, events, scenes and style of the film.
        meter: that heard the piece.

    Returns:
        JSON values; the curves of motion and loudness are even over the film's duration.
    """
    bars = piece.tempo_map.step_times_s[:-1:STEPS_PER_BAR]
    return loudness_facts(meter) | {
        "curves": {
            "motion": [round(float(m), 5) for m in motion(features)],
            "loudness_lufs": [_audible(lufs) for lufs in loudness(meter)],
            "accents": [(round(float(t), 3), round(float(a), 3)) for t, a in accents(piece)],
            "bars_s": [round(float(t), 3) for t in bars] if len(bars) <= POINTS else [],
        },
    }


def delivered_sound(muxed: "MuxResult", facts: dict[str, Any]) -> dict[str, Any]:
    """Collect facts of the delivered track as it was measured; those of the music alone are named so.

    Args:
        muxed: what was written.
        facts: what `timeline` says of the music before gains and fades.

    Returns:
        JSON values.
    """
    moments = np.array(muxed.moments_lufs)
    curve = [round(float(s.max()), 2) if s.max() > GATE_LUFS else None for s in _spans(moments)]
    names = (
        "keep_audio", "audio_codec", "music_gain_db", "own_gain_db", "duck_db", "speech_s", "own_music_s",
    )  # fmt: skip
    return {name: getattr(muxed, name) for name in names} | {
        "loudness_lufs": _audible(muxed.loudness_lufs),
        "true_peak_db": muxed.true_peak_db if muxed.true_peak_db > GATE_LUFS else None,
        "music_loudness_lufs": facts["loudness_lufs"],
        "music_true_peak_db": facts["true_peak_db"],
        "curves": facts["curves"] | {"loudness_lufs": curve},
    }


def _spans(moments: np.ndarray) -> list[np.ndarray]:
    """Values over time in at most POINTS spans, none of them empty."""
    return [span for span in np.array_split(moments, min(POINTS, len(moments)) or 1) if len(span)]


def loudness_facts(meter: Meter) -> dict[str, Any]:
    """Describe a sound's loudness and its mastering.

    Args:
        meter: that heard it.

    Returns:
        JSON values in LUFS, dBTP and dB; None is silence.
    """
    peak = float(meter.peaks.max(initial=0))
    return {
        "loudness_lufs": _audible(integrated_lufs(meter.powers)),
        "true_peak_db": round(20 * np.log10(peak), 2) if peak > 0 else None,
        "mastering": {name: round(db, 2) for name, db in meter.mastering._asdict().items()},
    }


def motion(features: FilmFeatures) -> np.ndarray:
    """Take the most motion in equal spans of the film.

    Args:
        features: motion, events, scenes and style of the film.

    Returns:
        [<= POINTS] picture widths a second.
    """
    return most_in_spans(features.times_s, features.energy, features.duration_s)


def most_in_spans(times_s: np.ndarray, values: np.ndarray, duration_s: float) -> np.ndarray:
    """Take the greatest value in equal spans.

    Args:
        times_s: [T] of the values, ascending.
        values: [T].
        duration_s: of the film.

    Returns:
        [<= POINTS], one per span of 0..duration_s.
    """
    values = np.asarray(values, float)
    if not len(times_s):
        return values
    edges = np.linspace(0, duration_s, min(POINTS, len(times_s)) + 1)
    spans = np.full(len(edges) - 1, -np.inf)
    np.maximum.at(spans, np.clip(np.searchsorted(edges, times_s, "right") - 1, 0, len(spans) - 1), values)
    between = np.interp((edges[:-1] + edges[1:]) / 2, times_s, values)  # where the film holds a frame
    return np.where(np.isfinite(spans), spans, between)


def accents(piece: "Score | Recording") -> np.ndarray:
    """Find the steps with the loudest onsets.

    Strength is the power of all the notes that begin there, against the strongest step.

    Args:
        piece: the music.

    Returns:
        [<= POINTS, 2] (seconds, strength 0..1), in order of time.
    """
    grid = piece.tempo_map.step_times_s
    sharp = [stem for stem in piece.stems if stem.name != SWELLS]
    notes = [(note.start_s, note.velocity) for stem in sharp for note in stem.notes]
    if not notes:
        return np.zeros((0, 2))
    starts, velocities = np.array(notes, dtype=float).T
    steps = np.searchsorted((grid[:-1] + grid[1:]) / 2, starts)
    strength = np.bincount(steps, weights=velocities**2, minlength=len(grid))
    strongest = np.sort(np.argsort(strength)[-POINTS:])
    strongest = strongest[strength[strongest] > 0]
    return np.stack([grid[strongest], strength[strongest] / strength.max()], axis=1)


def loudness(meter: Meter) -> np.ndarray:
    """Take the loudest moment in equal spans.

    Args:
        meter: that heard the sound.

    Returns:
        [<= POINTS] LUFS.
    """
    moments = momentary_lufs(meter.powers)
    return np.array([span.max() for span in _spans(moments)])


def _audible(lufs: float) -> float | None:
    """Rounded; None below the gate of BS.1770."""
    return round(float(lufs), 2) if lufs > GATE_LUFS else None
