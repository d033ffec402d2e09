"""Sync metrics of the literature, each by its source's definition, for comparison only.

Always quote the family with the figure. BCS, BHS and their kin compare with *reference music*, not
with the picture. None is corrected for chance: dense music wins all of them but the IoUs.
Times are seconds and ascend, else ValueError; with nothing to compare a score is 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dyvim_cli.evaluation.judge.extra import need
from dyvim_cli.evaluation.judge.validation import alongside, event_times, positive

BAS_SIGMA_S = 3 / 60  # AIST++: three frames at 60 frames a second
MOTION_SIGMA_S = 5 / 60  # AIST++ smooths its motion over five
TBIOU_TOLERANCE_S = 0.5


@dataclass(frozen=True)
class BeatScores:
    """Coverage and hit score of one piece of music against reference music."""

    coverage: float  # BCS
    hit: float  # BHS


@dataclass(frozen=True)
class BeatScoresOfSet:
    """LORIS' summary over a set of pieces."""

    bcs: float  # mean coverage
    csd: float  # its standard deviation over the pieces (n - 1); 0 for a single piece
    bhs: float  # mean hit score
    hsd: float
    f1: float  # harmonic mean of the two means


def seconds_with_onsets(onset_times_s: np.ndarray, duration_s: float) -> np.ndarray:
    """Mark the seconds that hold an onset: D2M-GAN's and LORIS' unit of counting.

    Args:
        onset_times_s: [N] ascending.
        duration_s: of the music.

    Returns:
        [ceil(duration)] bool.

    Raises:
        ValueError: the times are no ascending times.
    """
    seconds = event_times(onset_times_s, "onsets").astype(int)
    occupied = np.zeros(math.ceil(duration_s), bool)
    occupied[seconds[seconds < len(occupied)]] = True
    return occupied


def _common(generated: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = min(len(generated), len(reference))
    return np.asarray(generated[:n], bool), np.asarray(reference[:n], bool)


def beat_scores_d2mgan(generated: np.ndarray, reference: np.ndarray) -> BeatScores:
    """BCS = B_g / B_t (may pass 1), BHS = B_a / B_t; B_a counts the seconds that hold both.

    Zhu et al., Quantized GAN for Complex Music Generation from Dance Videos, ECCV 2022, section 4;
    after Davis and Agrawala 2018 and Lee et al. 2019.

    Args:
        generated: [n] bool, seconds with an onset in the generated music.
        reference: [m] bool, the same of the reference music; what is longer is cut.

    Returns:
        Coverage and hit score; both 0 where the reference has no beat.
    """
    generated, reference = _common(generated, reference)
    total = reference.sum()
    if not total:
        return BeatScores(0.0, 0.0)
    return BeatScores(float(generated.sum() / total), float((generated & reference).sum() / total))


def beat_scores_loris(generated: np.ndarray, reference: np.ndarray) -> BeatScores:
    """BCS = hits / generated (a precision), BHS = hits / reference (a recall); 0 / 0 is 0.

    Yu et al., Long-Term Rhythmic Video Soundtracker (LORIS), ICML 2023; its beats_scores.py.

    Args:
        generated: [n] bool, seconds with an onset in the generated music.
        reference: [m] bool, the same of the reference music; what is longer is cut.

    Returns:
        Coverage and hit score, 0..1 each.
    """
    generated, reference = _common(generated, reference)
    hits = (generated & reference).sum()
    return BeatScores(float(hits / max(1, generated.sum())), float(hits / max(1, reference.sum())))


def beat_scores_of_set(scores: Sequence[BeatScores]) -> BeatScoresOfSet:
    """Summarise the scores of a set of pieces as LORIS does; the same serves D2M-GAN's scores.

    Args:
        scores: one pair a piece.

    Returns:
        BCS, CSD, BHS, HSD and F1; all 0 without a piece.
    """
    if not scores:
        return BeatScoresOfSet(0.0, 0.0, 0.0, 0.0, 0.0)
    coverage, hit = np.array([(s.coverage, s.hit) for s in scores]).T
    spread = [float(x.std(ddof=1)) if len(x) > 1 else 0.0 for x in (coverage, hit)]
    bcs, bhs = float(coverage.mean()), float(hit.mean())
    f1 = 2 * bcs * bhs / (bcs + bhs) if bcs + bhs else 0.0
    return BeatScoresOfSet(bcs, spread[0], bhs, spread[1], f1)


def beat_alignment(from_s: np.ndarray, to_s: np.ndarray, sigma_s: float = BAS_SIGMA_S) -> float:
    """Mean over `from_s` of exp(-d^2 / 2 sigma^2), d the distance to the nearest of `to_s`.

    BAS of AIST++ (Li et al., AI Choreographer, ICCV 2021) goes from motion beats to music beats, so
    that dense music wins; Bailando (Siyao et al., CVPR 2022) goes from music to motion. Quote both.

    Args:
        from_s: [N] times that are scored, seconds, ascending.
        to_s: [M] times that they should meet, seconds, ascending.
        sigma_s: width of the Gaussian.

    Returns:
        0..1; 0 where either is empty.

    Raises:
        ValueError: the times do not ascend, or sigma is not above 0.
    """
    from_s, to_s = event_times(from_s, "from_s"), event_times(to_s, "to_s")
    positive(sigma_s, "sigma_s")
    if not len(from_s) or not len(to_s):
        return 0.0
    distance = np.abs(from_s[:, None] - to_s[None, :]).min(axis=1)
    return float(np.exp(-(distance**2) / (2 * sigma_s**2)).mean())


def motion_beats(times_s: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Find AIST++'s kinematic beats, from flow: local minima of the smoothed motion.

    Args:
        times_s: [T] of the frames, ascending.
        energy: [T] motion of each frame, at least 0, any unit.

    Returns:
        [M] times in seconds; none below three frames.

    Raises:
        ValueError: times or energy are not what is said above.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import argrelmin

    times_s = event_times(times_s, "frames")
    energy = alongside(energy, times_s, "energy")
    if len(times_s) < 3:
        return np.zeros(0)
    frame_s = max(float(np.median(np.diff(times_s))), 1e-3)
    return times_s[argrelmin(gaussian_filter1d(energy, MOTION_SIGMA_S / frame_s))[0]]


def flow_peaks(times_s: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Find AV-Align's picture peaks: strict local maxima of the mean flow.

    Args:
        times_s: [T] of the frames, ascending.
        energy: [T] mean flow of each frame, at least 0.

    Returns:
        [P] times in seconds.

    Raises:
        ValueError: times or energy are not what is said above.
    """
    times_s = event_times(times_s, "frames")
    e = alongside(energy, times_s, "energy")
    return times_s[1:-1][(e[1:-1] > e[:-2]) & (e[1:-1] > e[2:])] if len(e) > 2 else np.zeros(0)


def av_align(onset_times_s: np.ndarray, peak_times_s: np.ndarray, fps: float) -> float:
    """IoU of audio onsets and flow peaks; an onset within (not at) one frame of a peak is shared.

    Yariv et al., Diverse and Aligned Audio-to-Video Generation (TempoTokens), AAAI 2024; its
    av_align.py takes Farneback's flow at full size, we take DIS flow on thumbnails.

    Args:
        onset_times_s: [N] of the music, ascending.
        peak_times_s: [P] of the picture, ascending.
        fps: frames a second of the film.

    Returns:
        0..1; 0 where either is empty.

    Raises:
        ValueError: the times do not ascend, or fps is not above 0.
    """
    onsets, peaks = event_times(onset_times_s, "onsets"), event_times(peak_times_s, "peaks")
    positive(fps, "fps")
    if not len(onsets) or not len(peaks):
        return 0.0
    shared = int((np.abs(onsets[:, None] - peaks[None, :]).min(axis=1) < 1 / fps).sum())
    return shared / (len(onsets) + len(peaks) - shared)


def transition_beat_iou(first_s: np.ndarray, second_s: np.ndarray) -> float:
    """|matched| / |union| of two event lists matched one to one within +-0.5 s.

    VeM (Tong et al., Video Echoed in Music, AAAI 2026): TBIoU between transitions of the picture and
    beats of the music; BIoU between beats of the music and beats of reference music. Their code is
    not public; counting each match once is our reading of it.

    Args:
        first_s: [N] times in seconds, ascending.
        second_s: [M] times in seconds, ascending; the measure is symmetric.

    Returns:
        0..1; 0 where either is empty.

    Raises:
        ValueError: the times do not ascend.
        EnvironmentFault: mir_eval is not installed.
    """
    mir_eval = need("mir_eval")
    first_s, second_s = event_times(first_s, "first_s"), event_times(second_s, "second_s")
    n = len(first_s) + len(second_s)
    if not len(first_s) or not len(second_s):
        return 0.0
    matched = len(mir_eval.util.match_events(first_s, second_s, TBIOU_TOLERANCE_S))
    return matched / (n - matched)


def cmt_matching(
    film_density: np.ndarray, music_density: np.ndarray, film_strength: np.ndarray, music_strength: np.ndarray
) -> float:
    """CMT's matching score: 1 / (mean squared density error + mean squared strength error).

    Di et al., Video Background Music Generation with Controllable Music Transformer, ACM MM 2021;
    match.py of its code. The longer side is cut.

    Args:
        film_density: [bars] motion of each bar, in CMT's classes.
        music_density: [bars] onsets of each bar, in the same classes.
        film_strength: [bars, 16] visual beats at the ticks of each bar, 0 = none.
        music_strength: [bars, 16] accents of the music; they count at ticks with a visual beat only.

    Returns:
        At least 0; inf for a perfect match, 0 without a bar.

    Raises:
        ValueError: density and strength differ in their number of bars.
    """
    for density, strength in ((film_density, film_strength), (music_density, music_strength)):
        if len(density) != len(strength):
            raise ValueError(f"{len(density)} bars of density, but {len(strength)} of strength")
    bars = min(len(film_density), len(music_density))
    if not bars:
        return 0.0
    seen = np.asarray(film_strength[:bars], float)
    heard = np.asarray(music_strength[:bars], float) * (seen > 0)
    density_error = np.asarray(film_density[:bars], float) - np.asarray(music_density[:bars], float)
    distance = float((density_error**2).mean() + ((seen - heard) ** 2).mean())
    return 1 / distance if distance > 0 else math.inf
