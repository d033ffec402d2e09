"""Compute the literature's metrics for one film with the detectors that their sources name."""

from typing import Any

import numpy as np

from dyvim_cli.evaluation.judge import literature as lit
from dyvim_cli.evaluation.judge.audio_events import SAMPLE_RATE, AudioEvents, audio_events
from dyvim_cli.evaluation.judge.onsets import detect_onsets
from dyvim_cli.evaluation.judge.visual_events import VisualEvents

# the settings of each source's beat_detect(); D2M-GAN's leaves pre_max to librosa, which makes it one frame
D2MGAN_PICKING = {"before": 1, "after": 1, "mean_before": 1, "mean_after": 1, "delta": 0.2, "wait": 1}
LORIS_PICKING = {"before": 3, "after": 3, "mean_before": 3, "mean_after": 3, "delta": 0.2, "wait": 1}
CMT_TICKS = 16  # a bar
CMT_CLASSES = 16  # densities and strengths run from 0 to 16, spread evenly by rank
BEATS_PER_BAR = 4
DEFAULT_BAR_S = 2.0  # where no beat is found

Report = dict[str, float | None]


def literature_report(
    picture: VisualEvents, sound: AudioEvents, mono: np.ndarray, reference: np.ndarray | None = None
) -> Report:
    """Compute the literature's metrics of one film by name.

    Args:
        picture: the film's events and motion.
        sound: the music's events.
        mono: [n] analysis signal of the music (audio_events.analysis_signal).
        reference: [m] analysis signal of reference music.

    Returns:
        Name -> figure; those that need reference music are None without it.
    """
    steps = lit.motion_beats(picture.times_s, picture.energy)
    fps = 1 / np.median(np.diff(picture.times_s)) if len(picture.times_s) > 1 else 30.0
    # nothing moves into the first frame; the source repeats the second's flow there
    n = len(picture.flow)
    peaks = lit.flow_peaks(picture.times_s, picture.flow[np.clip(np.arange(n), 1, n - 1)])
    return {
        "bas_motion_to_music": lit.beat_alignment(steps, sound.beat_times_s),
        "bas_music_to_motion": lit.beat_alignment(sound.beat_times_s, steps),
        "av_align": lit.av_align(detect_onsets(mono), peaks, fps),
        "tbiou": lit.transition_beat_iou(picture.cut_times_s, sound.beat_times_s),
        "cmt_matching": cmt_matching_of(picture, sound),
        **_against_reference(mono, sound, reference),
    }


def _against_reference(mono: np.ndarray, sound: AudioEvents, reference: np.ndarray | None) -> Report:
    """D2M-GAN's and LORIS' scores, and BIoU, against reference music."""
    if reference is None:
        return dict.fromkeys(("d2mgan_bcs", "d2mgan_bhs", "loris_bcs", "loris_bhs", "biou"))
    d2mgan, loris = (
        score(*(_seconds(signal, picking) for signal in (mono, reference)))
        for score, picking in (
            (lit.beat_scores_d2mgan, D2MGAN_PICKING),
            (lit.beat_scores_loris, LORIS_PICKING),
        )
    )
    beats = audio_events(reference, SAMPLE_RATE).beat_times_s
    return {
        "d2mgan_bcs": d2mgan.coverage,
        "d2mgan_bhs": d2mgan.hit,
        "loris_bcs": loris.coverage,
        "loris_bhs": loris.hit,
        "biou": lit.transition_beat_iou(sound.beat_times_s, beats),
    }


def _seconds(mono: np.ndarray, picking: dict[str, Any]) -> np.ndarray:
    return lit.seconds_with_onsets(detect_onsets(mono, picking), len(mono) / SAMPLE_RATE)


def cmt_matching_of(picture: VisualEvents, sound: AudioEvents) -> float:
    """CMT's score of a film and a waveform.

    CMT reads MIDI on a grid; here bars are four tracked beats, the film's density is its motion, the
    music's its onsets, strengths are event weights and saliences, all spread over CMT's classes.

    Args:
        picture: the film's events and motion.
        sound: the music's events and tracked beats.

    Returns:
        CMT's matching score, at least 0; 0 below one bar.
    """
    edges = _bar_edges(sound.beat_times_s, picture.duration_s)
    if len(edges) < 2:
        return 0.0
    motion = np.histogram(picture.times_s, edges, weights=picture.energy)[0]
    frames = np.histogram(picture.times_s, edges)[0]
    onsets = np.histogram(sound.onset_times_s, edges)[0]
    return lit.cmt_matching(
        _classes(motion / np.maximum(frames, 1)),
        _classes(onsets),
        _classes(_on_ticks(edges, picture.event_times_s, picture.event_weights)),
        _classes(_on_ticks(edges, sound.onset_times_s, sound.onset_saliences)),
    )


def _bar_edges(beat_times_s: np.ndarray, duration_s: float) -> np.ndarray:
    """[bars + 1] ascending: where the bars begin, and where the last one ends."""
    bars = beat_times_s[::BEATS_PER_BAR]
    bars = bars[bars < duration_s]
    return bars if len(bars) >= 2 else np.arange(0.0, duration_s + 1e-9, DEFAULT_BAR_S)


def _on_ticks(edges: np.ndarray, times_s: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """[bars, CMT_TICKS]: the greatest height at each tick, 0 where there is nothing."""
    ticks = np.zeros((len(edges) - 1, CMT_TICKS))
    place = np.round(np.interp(times_s, edges, np.arange(len(edges)) * CMT_TICKS, left=-1, right=-1))
    for tick, height in zip(place.astype(int), heights, strict=True):
        if 0 <= tick < ticks.size:
            ticks.flat[tick] = max(ticks.flat[tick], height)
    return ticks


def _classes(values: np.ndarray) -> np.ndarray:
    """Values as classes 1..CMT_CLASSES by rank among the positive ones; 0 stays 0."""
    from scipy.stats import rankdata

    classes = np.zeros(np.shape(values))
    positive = np.asarray(values) > 0
    if positive.any():
        ranks = rankdata(np.asarray(values)[positive])
        classes[positive] = np.ceil(ranks / len(ranks) * CMT_CLASSES)
    return classes
