"""Evaluate one film with music: sync, flow, musicality and the literature's metrics."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dyvim_cli.errors import InputError, quoted
from dyvim_cli.evaluation.judge.audio_events import (
    SAMPLE_RATE,
    AudioEvents,
    analysis_signal,
    audio_events,
    read_film_sound,
    read_sound,
)
from dyvim_cli.evaluation.judge.flow import FlowReport, flow
from dyvim_cli.evaluation.judge.literature_report import literature_report
from dyvim_cli.evaluation.judge.musicality import Musicality, musicality
from dyvim_cli.evaluation.judge.musicality_midi import ScoreFigures, score_figures
from dyvim_cli.evaluation.judge.sync import SyncReport, compare
from dyvim_cli.evaluation.judge.visual_events import VisualEvents, visual_events

ALONE = "the music alone"
TOGETHER = "own sound and music together"
UNKNOWN = "the film's sound"  # no tag says whether it is music


@dataclass(frozen=True)
class HeardMusic:
    """A piece of music as the judge hears it."""

    path: Path
    mono: np.ndarray  # [n] float32, analysis signal
    events: AudioEvents
    musicality: Musicality
    score: ScoreFigures | None = None  # figures of the MIDI file next to the music
    what: str = ALONE  # ALONE, TOGETHER or UNKNOWN


@dataclass(frozen=True)
class FilmReport:
    """The judge's findings on one film and its music."""

    film: Path
    picture: VisualEvents
    heard: HeardMusic
    sync: SyncReport
    flow: FlowReport | None  # None where film and music are too short
    literature: dict[str, float | None]


def hear(path: Path | str, what: str = ALONE, is_film: bool = False) -> HeardMusic:
    """Listen to a sound file, or to a film's first sound track from its first picture on.

    Args:
        path: the file; a MIDI file of the same name beside it is read too.
        what: content of the sound, ALONE, TOGETHER or UNKNOWN.
        is_film: whether the sound counts from the film's first picture.

    Returns:
        The sound's signal, events and figures.

    Raises:
        InputError: there is no sound in it.
    """
    path = Path(path)
    samples, sample_rate = read_film_sound(path) if is_film else read_sound(path)
    mono = analysis_signal(samples, sample_rate)
    events = audio_events(mono, SAMPLE_RATE)
    midi = path.with_suffix(".mid")
    return HeardMusic(
        path=path,
        mono=mono,
        events=events,
        musicality=musicality(samples, sample_rate, events),
        score=score_figures(midi) if midi.is_file() else None,
        what=what,
    )


def report_on(
    film: Path, picture: VisualEvents, heard: HeardMusic, reference: np.ndarray | None = None, seed: int = 0
) -> FilmReport:
    """Compare a film's events with its music.

    Args:
        film: named in the report; it is not read.
        picture: the film's events.
        heard: the music.
        reference: [n] analysis signal of reference music for the literature's metrics; None = without those.
        seed: of the random shifts behind every chance level.

    Returns:
        The findings.
    """
    return FilmReport(
        film=film,
        picture=picture,
        heard=heard,
        sync=compare(picture, heard.events, seed),
        flow=flow(heard.mono, SAMPLE_RATE, picture.duration_s),
        literature=literature_report(picture, heard.events, heard.mono, reference),
    )


def judge_film(
    film: Path | str,
    music: Path | str | None = None,
    reference: np.ndarray | None = None,
    seed: int = 0,
) -> FilmReport:
    """Watch a film and listen to its music, both at the same time.

    A film that dyvim scored is judged by the music alone where that has a track of its own.

    Args:
        film: the film.
        music: a sound file; None takes the film's own sound.
        reference: [n] analysis signal of reference music; None = without.
        seed: of the random shifts behind every chance level.

    Returns:
        The findings.

    Raises:
        InputError: film or music cannot be read.
        EnvironmentFault: the extra `evaluate` is not installed.
    """
    film = Path(film)
    heard = (music, ALONE) if music else (film, kind_of_sound(film), True)
    with ThreadPoolExecutor(1) as beside:
        listening = beside.submit(hear, *heard)
        picture = visual_events(film)
        return report_on(film, picture, listening.result(), reference, seed)


def kind_of_sound(film: Path) -> str:
    """Identify the content of a film's first sound track, by the tags that dyvim writes.

    Args:
        film: any film.

    Returns:
        ALONE, TOGETHER, or UNKNOWN for a film that dyvim did not score.

    Raises:
        InputError: the film cannot be read or has no sound.
    """
    from dyvim_cli.media.own_tracks import MUSIC
    from dyvim_cli.media.probe import SCORED_BY, probe

    found = probe(film)
    if not found.audio:
        raise InputError(f"{film} has no sound to judge", f"dyvim evaluate {quoted(film)} --music FILE")
    if SCORED_BY not in found.comment:
        return UNKNOWN
    return ALONE if found.audio[0].title == MUSIC else TOGETHER
