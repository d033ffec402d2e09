"""Measure how far music follows the picture beyond chance.

Every measure is corrected by the same music shifted (see chance.py). Dense music gains nothing:
only accents count, and the music has one and a half accents to spend for each event of the
picture, dealt out to its most salient onsets; equal onsets share. A click track of 180 clicks
against 12 events has a tenth of an accent on every click.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dyvim_cli.evaluation.judge import validation
from dyvim_cli.evaluation.judge.audio_events import AudioEvents
from dyvim_cli.evaluation.judge.chance import Corrected, correct, draw_shifts
from dyvim_cli.evaluation.judge.visual_events import STILL, VisualEvents

TOLERANCES_S = (0.04, 0.08, 0.16)
HEADLINE_S = 0.08  # the tolerance of the headline figures
TICK_S = 0.001  # shifted hits are looked up on this grid
SPARE = 1.5  # accents to spend for each event: an accent on what the detectors missed costs nothing
PHRASE_S = 4.0  # an accent every four seconds is always allowed, however few events there are
SALIENCE_SPREAD = 0.12  # e-folds; saliences this near to each other count as equal
CURVE_STEP_S = 0.1
LOUDNESS_WINDOW_S = 0.4  # EBU R 128's momentary loudness
DENSITY_WINDOW_S = 1.0


@dataclass(frozen=True)
class Matching:
    """Agreement of events and accents at one tolerance."""

    precision: Corrected = Corrected()  # share of the accents that meet an event
    recall: Corrected = Corrected()  # share of the events, by weight, that meet an accent
    f1: Corrected = Corrected()
    cut_recall: Corrected = Corrected()  # share of the cuts that meet an accent


@dataclass(frozen=True)
class AccentProfile:
    """Mean accent around the picture's events, relative to the music's own mean (1)."""

    offsets_s: np.ndarray  # [P] float64, music - picture
    lift: np.ndarray  # [P] float64
    lag_s: float | None  # offset of the greatest lift; None where no peak is clear


@dataclass(frozen=True)
class SyncReport:
    """Agreement of music and picture: 0 is chance, 1 is perfect."""

    cuts_hit_beyond_chance: float  # share of the cuts that are met within 80 ms
    events_hit_beyond_chance: float  # share of cuts and impacts, by weight, that are met within 80 ms
    motion_loudness_correlation: float  # rank correlation beyond chance
    motion_density_correlation: float  # the same with the density of onsets
    lag_s: float | None  # offset of the accents from the events; positive: the music is late
    n_cuts: int
    n_events: int
    n_onsets: int
    is_moving: bool  # whether the motion varies at all: a still picture correlates with nothing
    matching: dict[float, Matching] = field(default_factory=dict, repr=False)  # figures by tolerance (s)
    motion_loudness: Corrected = field(default=Corrected(), repr=False)
    motion_density: Corrected = field(default=Corrected(), repr=False)
    profile: AccentProfile | None = field(default=None, repr=False)  # None without events or onsets


def sync_report(film_path: Path | str, music_path: Path | str | None = None, seed: int = 0) -> SyncReport:
    """Judge music against a film's picture.

    Args:
        film_path: the film.
        music_path: a sound file; None takes the film's own sound.
        seed: of the random shifts behind every chance level.

    Returns:
        The figures at every tolerance; 0 is chance, 1 is perfect.

    Raises:
        InputError: film or music cannot be read.
        EnvironmentFault: the extra `evaluate` is not installed.
    """
    from dyvim_cli.evaluation.judge.audio_events import audio_events, read_film_sound, read_sound
    from dyvim_cli.evaluation.judge.visual_events import visual_events

    sound = read_sound(music_path) if music_path else read_film_sound(film_path)
    return compare(visual_events(film_path), audio_events(*sound), seed)


def compare(picture: VisualEvents, sound: AudioEvents, seed: int = 0) -> SyncReport:
    """Judge sound against picture; the music counts from the film's first frame to its last.

    Args:
        picture: the film's events and motion.
        sound: the music's events and loudness.
        seed: of the random shifts behind every chance level.

    Returns:
        The figures; all 0 where either holds nothing to measure.

    Raises:
        ValueError: the input is not what VisualEvents and AudioEvents say.
    """
    validation.picture(picture)
    validation.sound(sound)
    shifts = draw_shifts(picture.duration_s, seed)
    matching = {tolerance: match(picture, sound, tolerance, shifts) for tolerance in TOLERANCES_S}
    loudness, density = motion_correlations(picture, sound, shifts)
    profile = accent_profile(picture, sound)
    return SyncReport(
        cuts_hit_beyond_chance=matching[HEADLINE_S].cut_recall.beyond_chance,
        events_hit_beyond_chance=matching[HEADLINE_S].recall.beyond_chance,
        motion_loudness_correlation=loudness.beyond_chance,
        motion_density_correlation=density.beyond_chance,
        lag_s=profile.lag_s if profile else None,
        n_cuts=int(picture.is_cut.sum()),
        n_events=len(picture.event_times_s),
        n_onsets=len(sound.onset_times_s),
        is_moving=bool(len(picture.energy) and picture.energy.max() > STILL),
        matching=matching,
        motion_loudness=loudness,
        motion_density=density,
        profile=profile,
    )


def accents_of(
    picture: VisualEvents, sound: AudioEvents, spare: float = SPARE
) -> tuple[np.ndarray, np.ndarray]:
    """Find the accents of the music: its most salient onsets, as many as the picture's events pay for.

    Args:
        picture: the film's events; their number sets the budget.
        sound: the music's onsets.
        spare: accents for each event; above 1 there is also one for each PHRASE_S at least.

    Returns:
        ([N] times in seconds of the onsets inside the film, [N] how much of an accent each is, 0..1).
    """
    inside = sound.onset_times_s < picture.duration_s
    budget = max(spare * len(picture.event_times_s), picture.duration_s / PHRASE_S * (spare > 1))
    return sound.onset_times_s[inside], accent_weights(sound.onset_saliences[inside], budget)


def accent_weights(saliences: np.ndarray, budget: float) -> np.ndarray:
    """Deal accents out to onsets by salience: a soft top-k.

    Args:
        saliences: [N] above 0; only ratios matter.
        budget: number of accents to deal out.

    Returns:
        [N] 0..1, summing to min(budget, N).
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    if len(saliences) <= budget:
        return np.ones(len(saliences))
    level = np.log(saliences) / SALIENCE_SPREAD

    def surplus(threshold: float) -> float:
        return float(norm.cdf(level - threshold).sum() - budget)

    return norm.cdf(level - brentq(surplus, level.min() - 10, level.max() + 10))


def match(picture: VisualEvents, sound: AudioEvents, tolerance_s: float, shifts: np.ndarray) -> Matching:
    """Precision, recall and F1 of accents against events, and recall of the cuts alone.

    Args:
        picture: the film's events.
        sound: the music's onsets.
        tolerance_s: within which an accent meets an event.
        shifts: [n + 1] seconds that the music is shifted by, 0 first (chance.draw_shifts).

    Returns:
        Each figure corrected for chance; all 0 without events or onsets.
    """
    onsets, accents = accents_of(picture, sound)
    events, weights = picture.event_times_s, picture.event_weights
    if not len(onsets) or not len(events):
        return Matching()
    on_accent = _hits(onsets, accents, events, picture.duration_s, tolerance_s, -shifts)
    on_event = _hits(events, np.ones(len(events)), onsets, picture.duration_s, tolerance_s, shifts)
    strongest = accents_of(picture, sound, spare=1.0)[1]  # precision: as many accents as events
    recall = on_accent @ (weights / weights.sum())
    precision = on_event @ (strongest / strongest.sum())
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    cuts = correct(on_accent[:, picture.is_cut].mean(axis=1)) if picture.is_cut.any() else Corrected()
    return Matching(correct(precision), correct(recall), correct(f1), cuts)


def _hits(
    marks: np.ndarray,
    heights: np.ndarray,
    queries: np.ndarray,
    duration_s: float,
    tolerance_s: float,
    shifts: np.ndarray,
) -> np.ndarray:
    """[shifts, queries]: the greatest height of a mark within the tolerance of each shifted query."""
    n = max(1, round(duration_s / TICK_S))
    reach = round(tolerance_s / TICK_S)
    height = np.zeros(n)
    for mark, h in zip(np.round(marks / TICK_S).astype(int), heights, strict=True):
        near = slice(max(0, mark - reach), mark + reach + 1)
        height[near] = np.maximum(height[near], h)
    ticks = np.round((queries[None, :] + shifts[:, None]) / TICK_S).astype(int)
    return height[ticks % n]


def accent_profile(picture: VisualEvents, sound: AudioEvents, reach_s: float = 0.5) -> AccentProfile | None:
    """Average the accents around the picture's events, in steps of 10 ms.

    The chance level and its spread come from every circular shift at once (cross-correlation).

    Args:
        picture: the film's events.
        sound: the music's onsets.
        reach_s: how far to either side of an event the average goes.

    Returns:
        The profile; None without events or onsets. Its lag is None unless the peak lies four spreads above
        chance and no other shift reaches it.
    """
    from scipy.ndimage import gaussian_filter1d

    onsets, accents = accents_of(picture, sound)
    n = int(picture.duration_s / 0.01)
    reach = min(round(reach_s / 0.01), (n - 1) // 2)
    if not len(onsets) or not len(picture.event_times_s) or reach < 1:
        return None
    accent, event = np.zeros(n), np.zeros(n)
    np.add.at(accent, np.round(onsets / 0.01).astype(int) % n, accents)
    np.add.at(event, np.round(picture.event_times_s / 0.01).astype(int) % n, picture.event_weights)
    accent = gaussian_filter1d(accent, 2.0, mode="wrap")
    everywhere = np.fft.irfft(np.conj(np.fft.rfft(event)) * np.fft.rfft(accent), n)
    offsets = np.arange(-reach, reach + 1)
    lift = everywhere[offsets] / everywhere.mean()
    clear = everywhere[offsets].max() >= max(everywhere.max(), everywhere.mean() + 4 * everywhere.std())
    return AccentProfile(offsets * 0.01, lift, float(offsets[lift.argmax()] * 0.01) if clear else None)


def motion_correlations(
    picture: VisualEvents, sound: AudioEvents, shifts: np.ndarray
) -> tuple[Corrected, Corrected]:
    """Spearman correlation of motion energy with loudness, and with salience-weighed onset density.

    Args:
        picture: the film's motion.
        sound: the music's loudness and onsets.
        shifts: [n + 1] seconds that the music is shifted by, 0 first.

    Returns:
        (with loudness, with density), each corrected for chance; both 0 in a film too short for ten steps.
    """
    steps = np.arange(0.0, picture.duration_s, CURVE_STEP_S)
    if len(steps) < 10:
        return Corrected(), Corrected()
    seen = np.maximum(picture.energy, STILL)  # what is slower is noise, whose ranks mean nothing
    motion = _window_mean(steps, picture.times_s, seen, LOUDNESS_WINDOW_S)
    power = 10 ** (sound.loudness_db / 10)
    loudness = _window_mean(steps, sound.times_s, power, LOUDNESS_WINDOW_S)
    inside = sound.onset_times_s < picture.duration_s
    density = np.histogram(
        sound.onset_times_s[inside], np.append(steps, np.inf), weights=sound.onset_saliences[inside]
    )[0]
    density = _smooth(density, round(DENSITY_WINDOW_S / CURVE_STEP_S))
    slow_motion = _smooth(motion, round(DENSITY_WINDOW_S / CURVE_STEP_S))
    return _rank_correlation(motion, loudness, shifts), _rank_correlation(slow_motion, density, shifts)


def _window_mean(steps: np.ndarray, times: np.ndarray, values: np.ndarray, window_s: float) -> np.ndarray:
    """Mean of the values within half a window of each step; 0 after the last."""
    fine = np.arange(0.0, steps[-1] + CURVE_STEP_S, CURVE_STEP_S / 10)
    mean = _smooth(np.interp(fine, times, values, right=0.0), round(window_s / CURVE_STEP_S * 10))
    return np.interp(steps + CURVE_STEP_S / 2, fine, mean)


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    from scipy.ndimage import uniform_filter1d

    return uniform_filter1d(np.asarray(values, float), width, mode="nearest")


def _rank_correlation(a: np.ndarray, b: np.ndarray, shifts: np.ndarray) -> Corrected:
    """Spearman's rho of a with b and with b shifted; 0 when either is constant."""
    from scipy.stats import rankdata

    # equal to six digits is equal: a rolling sum leaves dust in a constant curve
    ranks_a, ranks_b = (rankdata(np.round(x / (np.abs(x).max() or 1.0), 6)) for x in (a, b))
    a0, b0 = ranks_a - ranks_a.mean(), ranks_b - ranks_b.mean()
    scale = np.linalg.norm(a0) * np.linalg.norm(b0)
    if scale == 0:
        return Corrected()
    places = np.arange(len(b0))[None, :] - np.round(shifts / CURVE_STEP_S).astype(int)[:, None]
    return correct(b0[places % len(b0)] @ a0 / scale)
