"""Compute a piece's own event curves (piece.BASE_CURVES) from its tokens.

The same function serves every source, so that hit, cut and energy mean one thing in training.
"""

from collections.abc import Sequence

import numpy as np

from dyvim_cli.music.symbols.tokens import DRUM_CLASSES, FIRST_PITCH, HOLD, N_LEVELS, PITCHED, STREAM_INDEX
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

ONSET_MASS = {"melody": 1.0, "bass": 1.0, "pad": 1.2, "arp": 0.6}
DRUM_MASS = {"kick": 0.7, "snare": 0.9, "hat": 0.25, "open_hat": 0.5, "tom": 0.6, "crash": 2.0}
CHORD_CHANGE_MASS = 0.5
LONG_NOTE_MASS = 0.35  # mass added by each doubling of a note's length beyond a sixteenth
METRE_SHARE = 0.9  # share of what the position in the bar explains that is expected

HITS_PER_BAR = 0.6
HIT_Z = 1.0  # standard deviations above its surroundings
HIT_GAP = 4  # steps between two hits at least
MIN_HIT_WEIGHT = 0.3
CUT_HIT_WEIGHT = 0.7

BARS_PER_CUT = 4.0
MIN_CUT_BARS = 2


def music_curves(tokens: np.ndarray, section_starts: Sequence[int] = ()) -> np.ndarray:
    """Derive from music the curves that a film would have had to have: accents, boundaries, density.

    Args:
        tokens: [K, S].
        section_starts: steps known to be cuts.

    Returns:
        [S, 3] float32 hit, cut, energy, 0..1.
    """
    mass = onset_mass(tokens)
    cut = cut_curve(tokens, section_starts)
    strong = mass >= mass[mass > 0].mean() if mass.any() else np.zeros(len(mass), dtype=bool)
    # a film's cut is always a hit as well; a boundary in music is one where it begins with weight
    hit = np.maximum(hit_curve(mass), CUT_HIT_WEIGHT * (cut > 0) * strong)
    return np.stack([hit, cut, onset_energy(mass)], axis=1).astype(np.float32)


def lengths_at_onsets(row: np.ndarray) -> np.ndarray:
    """Measure the lengths of the notes of a pitched stream.

    Args:
        row: [S] tokens of a pitched stream.

    Returns:
        [S] length in steps of the note that begins at each step, else 0.
    """
    onsets = np.flatnonzero(row >= FIRST_PITCH)
    breaks = np.flatnonzero(row != HOLD)
    ends = np.append(breaks, len(row))[np.searchsorted(breaks, onsets, side="right")]
    lengths = np.zeros(len(row), dtype=int)
    lengths[onsets] = ends - onsets
    return lengths


def onset_mass(tokens: np.ndarray) -> np.ndarray:
    """Weigh what begins at each step: onsets by stream, note length, drums, loudness.

    Args:
        tokens: [K, S].

    Returns:
        [S], 0 where nothing begins.
    """
    mass = np.zeros(tokens.shape[1])
    for name in PITCHED:
        lengths = lengths_at_onsets(tokens[STREAM_INDEX[name]])
        has_onset = lengths > 0
        mass[has_onset] += ONSET_MASS[name] * (
            1 + LONG_NOTE_MASS * np.log2(np.minimum(lengths[has_onset], 16))
        )
    drums = np.maximum(tokens[STREAM_INDEX["drums"]], 0)
    for bit, name in enumerate(DRUM_CLASSES):
        mass += DRUM_MASS[name] * (drums >> bit & 1)
    chord = tokens[STREAM_INDEX["chord"]]
    changed = np.append(False, (chord[1:] != chord[:-1]) & (chord[1:] > 0))
    mass[changed & (mass > 0)] += CHORD_CHANGE_MASS
    level = tokens[STREAM_INDEX["level"]]
    return mass * np.where(level >= 0, 0.4 + 1.2 * level / (N_LEVELS - 1), 1.0)


def hit_curve(mass: np.ndarray) -> np.ndarray:
    """Find sparse accents: peaks that rise above two bars around and above their place in the bar.

    Args:
        mass: [S] of onset_mass.

    Returns:
        [S] weights 0..1, mostly 0.
    """
    if not mass.any():
        return np.zeros(len(mass))
    has_onset = mass > 0
    by_position = np.array([_mean(mass[p::STEPS_PER_BAR]) for p in range(STEPS_PER_BAR)])
    by_position = np.resize(by_position, len(mass))
    surprise = mass - METRE_SHARE * (by_position - mass.mean())
    window = np.ones(2 * STEPS_PER_BAR + 1)
    count = np.maximum(centred_convolution(has_onset, window), 1)
    mean = centred_convolution(np.where(has_onset, surprise, 0), window) / count
    spread = np.std(surprise[has_onset]) + 1e-6
    z = np.where(has_onset, (surprise - mean) / spread, -np.inf)
    return _weighted_peaks(z, round(HITS_PER_BAR * len(mass) / STEPS_PER_BAR))


def _weighted_peaks(z: np.ndarray, n: int) -> np.ndarray:
    """The n highest peaks above HIT_Z, HIT_GAP apart, weighted by rank from MIN_HIT_WEIGHT to 1."""
    taken: list[int] = []
    blocked = np.zeros(len(z), dtype=bool)
    for step in np.argsort(-z, kind="stable"):
        if z[step] < HIT_Z or len(taken) >= n:
            break
        if not blocked[step]:
            taken.append(step)
            blocked[max(0, step - HIT_GAP + 1) : step + HIT_GAP] = True
    curve = np.zeros(len(z))
    curve[taken] = np.linspace(1.0, MIN_HIT_WEIGHT, len(taken)) if len(taken) > 1 else 1.0
    return curve


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0


def onset_energy(mass: np.ndarray) -> np.ndarray:
    """Rank the onset density times loudness, smoothed over about a beat.

    Args:
        mass: [S] of onset_mass.

    Returns:
        [S] ranks 0..1.
    """
    reach = np.arange(-2 * STEPS_PER_BEAT, 2 * STEPS_PER_BEAT + 1)
    kernel = np.exp(-0.5 * (reach / (STEPS_PER_BEAT / 1.5)) ** 2)
    return shared_ranks(centred_convolution(mass, kernel / kernel.sum()))


def centred_convolution(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """[S] convolution with an odd kernel; as long as the values, however short they are.

    Args:
        values: [S].
        kernel: of odd length.

    Returns:
        [S] convolution; as long as the values, however short they are.
    """
    half = len(kernel) // 2
    return np.convolve(values, kernel, "full")[half : half + len(values)]


def shared_ranks(values: np.ndarray) -> np.ndarray:
    """Rank of each value, 0..1; equal values share the middle rank.

    Args:
        values: [N].

    Returns:
        [N] rank of each value, 0..1; equal values share the middle rank.
    """
    _, inverse, counts = np.unique(np.round(values, 6), return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    return middle[inverse] / max(len(values) - 1, 1)


def cut_curve(tokens: np.ndarray, section_starts: Sequence[int] = ()) -> np.ndarray:
    """Mark known section starts and the bars where texture or harmony changes most.

    Args:
        tokens: [K, S].
        section_starts: steps known to be cuts; those found keep MIN_CUT_BARS away from them.

    Returns:
        [S], 1 at a cut.
    """
    curve = np.zeros(tokens.shape[1])
    novelty = bar_novelty(tokens)
    known = {int(s) // STEPS_PER_BAR for s in section_starts if 0 < s < len(curve)}
    wanted = round(len(novelty) / BARS_PER_CUT)
    taken = set(known)
    floor = novelty.mean() + 0.5 * novelty.std() if len(novelty) else 0.0
    for bar in np.argsort(-novelty, kind="stable"):
        if len(taken) >= wanted or novelty[bar] <= floor:
            break
        if bar > 0 and all(abs(bar - other) >= MIN_CUT_BARS for other in taken):
            taken.add(int(bar))
    curve[[int(s) for s in section_starts if 0 < s < len(curve)]] = 1.0
    curve[[bar * STEPS_PER_BAR for bar in taken - known]] = 1.0
    return curve


def bar_novelty(tokens: np.ndarray) -> np.ndarray:
    """Measure how much the two bars from each bar line on differ from the two bars before.

    Args:
        tokens: [K, S].

    Returns:
        [bars] distances of mean features; 0 at the first.
    """
    features = bar_features(tokens)
    n = len(features)
    novelty = np.zeros(n)
    for bar in range(1, n):
        before, after = features[max(0, bar - 2) : bar].mean(0), features[bar : bar + 2].mean(0)
        novelty[bar] = np.linalg.norm(after - before)
    return novelty


def bar_features(tokens: np.ndarray) -> np.ndarray:
    """Describe the texture of each bar: density, sounding share and register by stream, drums, chords.

    Args:
        tokens: [K, S]; a torn last bar is left out.

    Returns:
        [bars, F].
    """
    n_bars = tokens.shape[1] // STEPS_PER_BAR
    bars = tokens[:, : n_bars * STEPS_PER_BAR].reshape(len(tokens), n_bars, STEPS_PER_BAR)
    columns = []
    for name in PITCHED:
        row = bars[STREAM_INDEX[name]]
        has_onset = row >= FIRST_PITCH
        count = has_onset.sum(1)
        height = np.where(has_onset, row, 0).sum(1) / np.maximum(count, 1) / 12
        columns += [count / 4, 1.5 * (row > 0).mean(1), np.where(count > 0, height, 0)]
    drums = np.maximum(bars[STREAM_INDEX["drums"]], 0)
    columns += [(drums >> bit & 1).sum(1) / 4 for bit in range(len(DRUM_CLASSES))]
    chord = bars[STREAM_INDEX["chord"]]
    columns += [0.3 * (((chord - 1) // 10 == root) & (chord > 0)).mean(1) for root in range(12)]
    columns.append(np.maximum(bars[STREAM_INDEX["level"]], 0).mean(1) / 2)
    return np.stack(columns, axis=1).astype(float)
