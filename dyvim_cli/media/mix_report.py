"""Report loudness measurements and mixing decisions, as values and in plain words."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dyvim_cli.media.delivered import Delivered, measured_sound
from dyvim_cli.media.levels import BESIDE_MUSIC_DB
from dyvim_cli.options import Loudness
from dyvim_cli.progress import Progress, reporter

if TYPE_CHECKING:
    from dyvim_cli.media.mix import Mix

MISSED_LU = 0.5  # distance from the requested loudness from which on a note says so
USUAL_PEAK_DBTP = -1.0
HELD_DB = 3.0  # own peaks that are turned down by more are said
QUIET_VOICE_LUFS = -28.0  # loudness of a film that speaks below which every standard finds it too soft
SPANS_SHOWN = 4


def measured_in(path: Path, duration_s: float, progress: Progress) -> Delivered:
    """Measure the first sound track of a written film.

    Args:
        path: of the film.
        duration_s: of the film.
        progress: notified of the stage "check".

    Returns:
        Loudness, true peak and loudness over time.

    Raises:
        InputError: it cannot be read.
    """
    return measured_sound(path, reporter(progress, "check", duration_s))


def levels_of(mix: "Mix", heard: Delivered) -> dict[str, Any]:
    """Collect the fields of a MuxResult about loudness and gains.

    Args:
        mix: what was done.
        heard: what the delivered track measures.

    Returns:
        Plain values by field.
    """
    return {
        "loudness_lufs": round(heard.loudness_lufs, 2),
        "true_peak_db": round(heard.true_peak_db, 2),
        "music_gain_db": round(mix.music_gain_db, 2),
        "own_gain_db": None if mix.own_gain_db is None else round(mix.own_gain_db, 2),
        "duck_db": round(mix.duck_db, 2),
        "speech_s": tuple((round(float(a), 3), round(float(b), 3)) for a, b in mix.speech_s),
        "own_music_s": tuple((round(float(a), 3), round(float(b), 3)) for a, b in mix.aside_s),
        "moments_lufs": tuple(round(float(m), 1) for m in heard.momentary_lufs),
    }


def sound_notes(mix: "Mix", heard: Delivered, wanted: Loudness | None) -> list[str]:
    """Notes for the user on the sound of the result.

    Args:
        mix: what was done.
        heard: what the delivered track measures.
        wanted: the loudness that was requested, if any.

    Returns:
        Sentences; none where all is as asked for.
    """
    notes = []
    if len(mix.aside_s):
        where = clock_spans(mix.aside_s)
        notes.append(
            f"the film's own sound is music at {where}: the music is silent there"
            " (--over-own-music lays it on top, --keep-audio drop replaces the film's own)"
        )
    if wanted and abs(heard.loudness_lufs - wanted.lufs) > MISSED_LU:
        notes.append(f"{heard.loudness_lufs:.1f} LUFS in place of {wanted.lufs:g}: peaks leave no more room")
    if wanted and mix.held_db > HELD_DB:
        notes.append(
            f"the loudest moments of the film's own sound are turned down by up to {mix.held_db:.0f} dB:"
            f" at {wanted.lufs:g} LUFS they would pass {wanted.peak_dbtp:g} dBTP"
        )
    if not wanted and mix.own_gain_db is not None:
        if mix.beside_db > BESIDE_MUSIC_DB:
            notes.append(
                f"where its peaks meet the music's, the film's own sound is turned down by up to"
                f" {mix.beside_db:.1f} dB (--music-gain-db lowers the music)"
            )
        if heard.true_peak_db > USUAL_PEAK_DBTP:
            notes.append(
                f"peaks of {heard.true_peak_db:.1f} dBTP come with the film's own sound (--loudness web)"
            )
        if len(mix.speech_s) and heard.loudness_lufs < QUIET_VOICE_LUFS:
            notes.append(
                f"a quiet film, {heard.loudness_lufs:.1f} LUFS (--loudness web raises voice and music)"
            )
    return notes


def clock_spans(spans: Sequence[tuple[float, float]] | np.ndarray) -> str:
    """Write the first few spans as clock times.

    Args:
        spans: [N, 2] seconds.

    Returns:
        "0:04-0:12, 1:02-1:10".
    """
    shown = [f"{_clock(start)}-{_clock(end)}" for start, end in spans[:SPANS_SHOWN]]
    more = len(spans) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(round(float(time_s)), 60)
    return f"{minutes}:{seconds:02}"
